/** What a run of chaos is made of. */

import type { Random } from "../../../sluice/test/chaos/random.ts";

export interface Mix {
  readonly isolation: "process" | "thread" | "none";
  readonly output: "out.jsonl" | "out.jsonl.gz" | "out.csv" | "out.csv.gz";
  readonly ordered: boolean;
  readonly retries: number;
  /** Limits of each worker besides those of the job. */
  readonly perWorker: boolean;
}

/** One of each of them, so that few runs see all. */
export const mixes: readonly Mix[] = [
  { isolation: "process", output: "out.jsonl", ordered: false, retries: 2, perWorker: false },
  { isolation: "thread", output: "out.csv", ordered: true, retries: 0, perWorker: false },
  { isolation: "process", output: "out.csv.gz", ordered: true, retries: 2, perWorker: true },
  { isolation: "thread", output: "out.jsonl.gz", ordered: false, retries: 2, perWorker: true },
  { isolation: "none", output: "out.jsonl", ordered: true, retries: 2, perWorker: false },
  { isolation: "process", output: "out.jsonl.gz", ordered: true, retries: 0, perWorker: false },
  { isolation: "process", output: "out.csv", ordered: false, retries: 2, perWorker: false },
  { isolation: "thread", output: "out.jsonl", ordered: true, retries: 2, perWorker: false },
];

export function nameOf({ isolation, output, ordered, retries, perWorker }: Mix): string {
  const words = [isolation, output.slice("out.".length)];
  if (ordered) words.push("ordered");
  if (retries > 0) words.push("retries");
  if (perWorker) words.push("per worker");
  return words.join(", ");
}

/** A whole number from `least` to `most`. */
export function between(random: Random, least: number, most: number): number {
  return least + Math.floor(random() * (most - least + 1));
}
