/** A server as a child process, and what each needs: a free port, a folder, a way to wait for it. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** How a server is started. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly port: number;
  /** The signal that ends it at once, without waiting for its clients. */
  readonly signal: "KILL" | "INT";
  /** Further variables of its environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A server that runs. */
export interface Running {
  /** Comes back when it has ended; another signal than its own may end it. */
  stop(signal?: "KILL" | "INT" | "QUIT"): Promise<void>;
}

const READY_MS = 30_000;

/** A folder that another user may enter too: PostgreSQL refuses to run as root. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-servers-"));
  await chmod(folder, 0o755);
  return folder;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}

/**
 * A shell between us and the server: when its input ends, because we end it or are gone however
 * suddenly, it ends the server, by the signal that a last line may name. Nothing of a run is left
 * behind.
 */
const GUARD = `
exec 3<&0
signal=$1; shift
"$@" </dev/null &
server=$!
{ read -r other <&3; test -n "$other" && signal=$other; kill -s "$signal" "$server"; } >/dev/null 2>&1 &
wait "$server"
`;

/** Starts a server that ends with the run. */
export async function start(command: Command, stops: (() => Promise<void>)[]): Promise<void> {
  const { stop } = await launch(command);
  stops.push(() => stop());
}

/** Starts a server, and comes back when its port answers; says what it printed when it does not. */
export async function launch(command: Command): Promise<Running> {
  const { file, args, port, signal, env = {} } = command;
  const child = spawn("sh", ["-c", GUARD, "sh", signal, file, ...args], {
    env: { ...process.env, ...env },
  });
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => (printed += text));
  }
  const ended = once(child, "exit");
  const stop = async (other = ""): Promise<void> => {
    child.stdin.end(`${other}\n`);
    await ended;
  };
  const deadline = performance.now() + READY_MS;
  while (!(await answers(port))) {
    if (child.exitCode !== null || performance.now() > deadline) {
      await stop();
      throw new Error(`${file} did not start on port ${port}; it printed:\n${printed}`);
    }
    await Promise.race([delay(20), ended]);
  }
  return { stop };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}
