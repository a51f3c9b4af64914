/** Several processes on one key at full speed: how long a call takes then, and who gets how many. */

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Binding } from "./bindings.ts";
import type { CallerOrder, CallerReport, Verb } from "./caller.ts";

export const PROCESSES = 4;

const program = fileURLToPath(new URL("caller.ts", import.meta.url));

export interface Latency {
  /** Calls a second of all processes. */
  readonly speed: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly longest: number;
  /** Share of the calls that failed with `STORE_BUSY` or `STORE_TOO_SLOW`. */
  readonly busy: number;
  /** Of all calls that did not, by the process that made fewest. */
  readonly leastShare: number;
}

export async function measureCallers(binding: Binding, verb: Verb, ms: number): Promise<Latency> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-bench-"));
  const order = { driver: binding.driver, file: join(folder, "limits.db"), verb, ms };
  const children = Array.from({ length: PROCESSES }, () => {
    return fork(program, { execPath: binding.node, execArgv: process.execArgv });
  });
  try {
    await Promise.all(children.map((child) => answerOf(child, order)));
    const reports = await Promise.all(children.map((child) => answerOf(child, "go")));
    return judge(reports as CallerReport[], ms);
  } finally {
    for (const child of children) child.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  }
}

async function answerOf(child: ChildProcess, message: CallerOrder | string): Promise<unknown> {
  child.send(message);
  const answered = once(child, "message").then(([answer]) => answer as unknown);
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`a caller ended with code ${String(code)}.`);
  });
  // The one that comes second is nobody's business any more.
  ended.catch(() => undefined);
  return Promise.race([answered, ended]);
}

function judge(reports: readonly CallerReport[], ms: number): Latency {
  const took = reports.flatMap((report) => report.took).toSorted((a, b) => a - b);
  const done = reports.map((report) => report.took.length - report.busy);
  const all = done.reduce((sum, each) => sum + each, 0);
  const at = (share: number): number => took[Math.floor(share * (took.length - 1))]! / 1e3;
  return {
    speed: all / (ms / 1e3),
    p50: at(0.5),
    p99: at(0.99),
    p999: at(0.999),
    longest: at(1),
    busy: 1 - all / took.length,
    leastShare: Math.min(...done) / all,
  };
}
