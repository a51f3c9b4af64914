/** What the workers of a run of chaos wrote down themselves. */

import { readFileSync } from "node:fs";
import { join } from "node:path";

/** One call of the function. */
export interface Call {
  /** Microseconds of a clock that all processes share. */
  readonly at: number;
  readonly worker: number;
  readonly index: number;
}

/** Every how many rows one fails at its first attempt, and one at every attempt. */
export const FAILS_ONCE = 7;
export const FAILS_ALWAYS = 11;

/**
 * A function that notes when it was called before it does anything; in threads, which nobody can
 * kill, it ends its worker now and then itself.
 */
export const moduleText: string = `
import { appendFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";
export function setup() {
  appendFileSync("processes", process.pid + "\\n");
}
export default async function call({ n }, { attempt, worker, index }) {
  const at = process.hrtime.bigint() / 1000n;
  appendFileSync("calls", at + " " + worker + " " + index + "\\n");
  if (!isMainThread && Math.random() < 0.03) process.exit(7);
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 60));
  if (n % ${FAILS_ALWAYS} === 0) throw new Error("never " + n);
  if (n % ${FAILS_ONCE} === 0 && attempt === 1) throw new Error("not yet " + n);
  return { n, text: '"' + n + '",\\nä' };
}
`;

export function callsIn(folder: string): Call[] {
  return linesOf(folder, "calls").map((line) => {
    const [at = 0, worker = 0, index = 0] = line.split(" ").map(Number);
    return { at, worker, index };
  });
}

/** The processes in which the function was set up: workers, or the job itself. */
export function processesIn(folder: string): number[] {
  return [...new Set(linesOf(folder, "processes").map(Number))];
}

function linesOf(folder: string, name: string): string[] {
  try {
    return readFileSync(join(folder, name), "utf8").split("\n").slice(0, -1);
  } catch {
    return []; // nothing was called so far
  }
}
