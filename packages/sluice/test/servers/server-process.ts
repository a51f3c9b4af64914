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
 * suddenly, it ends the server. Nothing of a run is left behind.
 */
const GUARD = `
exec 3<&0
signal=$1; shift
"$@" </dev/null &
server=$!
{ cat <&3; kill -s "$signal" "$server"; } >/dev/null 2>&1 &
wait "$server"
`;

/** Starts a server, and comes back when its port answers; says what it printed when it does not. */
export async function start(command: Command, stops: (() => Promise<void>)[]): Promise<void> {
  const { file, args, port, signal } = command;
  const child = spawn("sh", ["-c", GUARD, "sh", signal, file, ...args]);
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => (printed += text));
  }
  const ended = once(child, "exit");
  stops.push(async () => {
    child.stdin.end();
    await ended;
  });
  const deadline = performance.now() + READY_MS;
  while (!(await answers(port))) {
    if (child.exitCode !== null || performance.now() > deadline) {
      throw new Error(`${file} did not start on port ${port}; it printed:\n${printed}`);
    }
    await Promise.race([delay(20), ended]);
  }
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
