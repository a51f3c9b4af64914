/** PostgreSQL: a fresh cluster of databases in a folder, without a password, on a free port. */

import { execFile } from "node:child_process";
import { chown, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import pg from "pg";
import { installed, postgresFolders } from "./installed.ts";
import { type Command, freePort, start } from "./server-process.ts";

const run = promisify(execFile);

export async function startPostgres(
  folder: string,
  stops: (() => Promise<void>)[],
): Promise<string> {
  const command = await postgresCommand(folder);
  await start(command, stops);
  await takesQueries(command);
  return postgresUrl(command.port);
}

/** Comes back when a server takes queries: its port answers earlier. */
export async function takesQueries({ port }: Command): Promise<void> {
  for (;;) {
    const client = new pg.Client({ connectionString: postgresUrl(port) });
    try {
      await client.connect();
      await client.query("SELECT 1");
      return;
    } catch {
      await delay(20);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

export function postgresUrl(port: number): string {
  return `postgres://postgres@127.0.0.1:${port}/postgres`;
}

/** A fresh cluster of databases, and how its server is started. */
export async function postgresCommand(folder: string): Promise<Command> {
  const wanted = { names: ["postgres"], debian: "postgresql", variable: "POSTGRES_URL" };
  // The folders exist only once the package is installed.
  const file = await installed({ ...wanted, folders: await postgresFolders() }).catch(async () =>
    installed({ ...wanted, folders: await postgresFolders() }),
  );
  const home = join(folder, "postgres");
  await mkdir(home, { mode: 0o700 });
  const user = await otherUser(home);
  const data = join(home, "data");
  const initialize = ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"];
  const [initdb, options] = as(user, join(dirname(file), "initdb"), initialize);
  await run(initdb, [...options, "--locale=C"]);
  return serving(user, file, data, await freePort());
}

/** A standby of a server that runs, with a copy of its data, and how it is started. */
export async function standbyCommand(
  folder: string,
  { file, args, port }: Command,
): Promise<Command> {
  const home = join(folder, `standby-${port}`);
  await mkdir(home, { mode: 0o700 });
  const user = await otherUser(home);
  const server = user === undefined ? file : args[args.indexOf("--") + 1]!;
  const data = join(home, "data");
  const source = ["-h", "127.0.0.1", "-p", String(port), "-U", "postgres"];
  const copying = ["-D", data, ...source, "-R", "-X", "stream", "-c", "fast", "--no-sync"];
  const [copy, options] = as(user, join(dirname(server), "pg_basebackup"), copying);
  await run(copy, options);
  return serving(user, server, data, await freePort());
}

function serving(user: string | undefined, server: string, data: string, port: number): Command {
  const settings = ["fsync=off", "full_page_writes=off", "max_connections=100", "jit=off"];
  const sockets = ["-k", dirname(data), "-h", "127.0.0.1", "-p", String(port)];
  const options = ["-D", data, ...sockets, ...settings.flatMap((each) => ["-c", each])];
  const [file, args] = as(user, server, options);
  // SIGINT disconnects the clients; SIGTERM would wait for them.
  return { file, args, port, signal: "INT" };
}

/** The server refuses to run as root: then it runs as the user of its package, who gets the folder. */
async function otherUser(home: string): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  for (const user of ["postgres", "nobody"]) {
    const ids = await Promise.all([run("id", ["-u", user]), run("id", ["-g", user])]).catch(
      () => undefined,
    );
    if (!ids) continue;
    await chown(home, Number(ids[0].stdout), Number(ids[1].stdout));
    return user;
  }
  throw new Error("PostgreSQL does not run as root: add a user postgres, or set POSTGRES_URL.");
}

/** `setpriv` becomes the program, so that signals reach it; `runuser` would stay its parent. */
function as(
  user: string | undefined,
  file: string,
  args: readonly string[],
): readonly [file: string, args: readonly string[]] {
  if (user === undefined) return [file, args];
  const options = ["--reuid", user, "--regid", user, "--init-groups", "--"];
  return ["setpriv", [...options, file, ...args]];
}
