/** PostgreSQL: a fresh cluster of databases in a folder, without a password, on a free port. */

import { execFile } from "node:child_process";
import { chown, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import pg from "pg";
import { installed, postgresFolders } from "./installed.ts";
import { freePort, start } from "./server-process.ts";

const run = promisify(execFile);

export async function startPostgres(
  folder: string,
  stops: (() => Promise<void>)[],
): Promise<string> {
  const wanted = { names: ["postgres"], debian: "postgresql", variable: "POSTGRES_URL" };
  // The folders exist only once the package is installed.
  const file = await installed({ ...wanted, folders: await postgresFolders() }).catch(async () =>
    installed({ ...wanted, folders: await postgresFolders() }),
  );
  const home = join(folder, "postgres");
  await mkdir(home, { mode: 0o700 });
  const user = await otherUser(home);
  const port = await freePort();
  const data = join(home, "data");
  const initialize = ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"];
  await as(user, join(dirname(file), "initdb"), [...initialize, "--locale=C"], (name, args) =>
    run(name, args),
  );
  const settings = ["fsync=off", "full_page_writes=off", "max_connections=100", "jit=off"];
  const sockets = ["-k", home, "-h", "127.0.0.1", "-p", String(port)];
  const args = ["-D", data, ...sockets, ...settings.flatMap((each) => ["-c", each])];
  // SIGINT disconnects the clients; SIGTERM would wait for them.
  await as(user, file, args, (name, all) =>
    start({ file: name, args: all, port, signal: "INT" }, stops),
  );
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  await ready(url);
  return url;
}

/** Its port answers before it does. */
async function ready(url: string): Promise<void> {
  for (;;) {
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      return await client.end();
    } catch (error) {
      // "The database system is starting up."
      if ((error as { code?: unknown }).code !== "57P03") throw error;
      await delay(20);
    }
  }
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
function as<T>(
  user: string | undefined,
  file: string,
  args: readonly string[],
  use: (file: string, args: readonly string[]) => T,
): T {
  if (user === undefined) return use(file, args);
  const options = ["--reuid", user, "--regid", user, "--init-groups", "--"];
  return use("setpriv", [...options, file, ...args]);
}
