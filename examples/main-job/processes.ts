/** The processes of the main job: the API, and `sluice` as it is built. */

import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";

const { resolve } = createRequire(import.meta.url);

export interface Api {
  readonly url: string;
  stop(): void;
}

/** Starts the strict API on a free port of this machine. */
export async function startApi(flags: { limit: string; window: string }): Promise<Api> {
  const speed = ["--latency", "5", "--jitter", "10"];
  const args = ["--limit", flags.limit, "--window", flags.window, ...speed];
  // In a process group of its own, for Ctrl-C must not end it before the job: it ends with us.
  const api = fork(resolve("strict-api/main"), args, { detached: true });
  const failed = once(api, "exit").then(([code]) => {
    throw new Error(`the strict API did not start (exit code ${code})`);
  });
  const started = once(api, "message") as Promise<[{ port: number }]>;
  const [{ port }] = await Promise.race([started, failed]);
  failed.catch(() => {}); // from now on it may end
  return { url: `http://127.0.0.1:${port}`, stop: () => api.disconnect() };
}

export interface Ending {
  readonly code: number;
  /** Whether somebody wanted us to end. */
  readonly interrupted: boolean;
}

/**
 * Runs the built command: on this terminal, unless somebody listens to what it says on stderr.
 *
 * @param heard - Takes each line.
 */
export async function runSluice(
  args: string[],
  env: Record<string, string>,
  heard?: (line: string) => void,
): Promise<Ending> {
  const manifest = resolve("sluice-cli/package.json");
  const { bin } = JSON.parse(readFileSync(manifest, "utf8")) as { bin: { sluice: string } };
  const command = [join(dirname(manifest), bin.sluice), ...args];
  const sluice = spawn(process.execPath, command, {
    stdio: heard ? ["ignore", "inherit", "pipe"] : "inherit",
    env: { ...process.env, ...env },
  });
  if (heard) createInterface({ input: sluice.stderr! }).on("line", heard);
  // A terminal sends Ctrl-C to both of us, others to us only. Passed on as SIGTERM, it is the same
  // wish in both cases and never counts as a second Ctrl-C.
  let interrupted = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      interrupted = true;
      sluice.kill("SIGTERM");
    });
  }
  const [code] = (await once(sluice, "close")) as [number | null];
  return { code: code ?? 1, interrupted };
}
