/**
 * Shared memory: what a decision costs beside the same in memory, alone and while a second thread or
 * process takes from the same key; and that nothing is granted beyond the limit.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inChild } from "./harness/in-child.ts";
import { digits, median } from "./harness/numbers.ts";
import { table, title, verdict } from "./harness/report.ts";
import {
  inMemory,
  type Kind,
  shared,
  take,
  THERE_ARE,
  type Trier,
} from "./shared-memory/limits.ts";
import { inProcess, inThread, type Partner } from "./shared-memory/two.ts";

const CALLS = 20_000;
const ROUNDS = 30;
const WARM_UP = 10;
const PASSES = 5;
const BYTES = 2 ** 25;

const WAYS = ["in memory", "alone", "two threads", "two processes"] as const;
type Way = (typeof WAYS)[number];

/** Times what the decision in memory takes. */
const TARGETS: Record<"pace" | "window", Record<Exclude<Way, "in memory">, number>> = {
  pace: { alone: 3, "two threads": 5, "two processes": 5 },
  window: { alone: 5, "two threads": 12, "two processes": 12 },
};

/** Nanoseconds of a call, the medians over the rounds, and the medians of the rounds' ratios. */
interface Result {
  readonly ns: Record<Way, number>;
  readonly ratios: Record<Way, number>;
  /** How many were granted beyond `THERE_ARE`, or short of it. */
  readonly off: Record<string, number>;
}

export const tasks = { measure };

async function measure(kind: "pace" | "window"): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-bench-"));
  const path = join(folder, "memory");
  const buffer = new SharedArrayBuffer(BYTES);
  const limiters = {
    memory: inMemory(kind),
    buffer: shared(kind, buffer),
    file: shared(kind, path),
  };
  const [thread, other] = [inThread(buffer), inProcess(path)];
  const ways: Record<Way, () => Promise<number>> = {
    "in memory": async () => time(limiters.memory),
    alone: async () => time(limiters.buffer),
    "two threads": () => beside(thread, kind, limiters.buffer),
    "two processes": () => beside(other, kind, limiters.file),
  };
  try {
    const rounds: Record<Way, number>[] = [];
    for (let round = 0; round < WARM_UP + ROUNDS; round++) {
      const took = {} as Record<Way, number>;
      for (const way of WAYS) took[way] = await ways[way]();
      if (round >= WARM_UP) rounds.push(took);
    }
    return {
      ns: each((way) => median(rounds.map((took) => took[way]))),
      ratios: each((way) => median(rounds.map((took) => took[way] / took["in memory"]))),
      off: {
        "two threads": await drained(thread, `${kind} to the end`, buffer),
        "two processes": await drained(other, `${kind} to the end`, path),
      },
    };
  } finally {
    await Promise.all([thread.end(), other.end()]);
    rmSync(folder, { recursive: true });
  }
}

function each<T>(of: (way: Way) => T): Record<Way, T> {
  return Object.fromEntries(WAYS.map((way) => [way, of(way)])) as Record<Way, T>;
}

/** Nanoseconds of a call. */
function time(limiter: Trier): number {
  const started = performance.now();
  const granted = take(limiter, CALLS);
  const took = performance.now() - started;
  if (granted !== CALLS) throw new Error(`${CALLS - granted} of ${CALLS} calls went astray.`);
  return (took / CALLS) * 1e6;
}

/** The mean over both: of two who swap the same word, one may be ahead of the other for a while. */
async function beside(partner: Partner, kind: Kind, limiter: Trier): Promise<number> {
  await partner.tell({ kind, task: "hammer" });
  const mine = time(limiter);
  const { granted, took } = await partner.tell({ kind, task: "rest" });
  return 2 / (1 / mine + granted / (took * 1e6));
}

/** Both take at once until nothing is left: by how much that is more than there was, or less. */
async function drained(
  partner: Partner,
  kind: "pace to the end" | "window to the end",
  memory: SharedArrayBuffer | string,
): Promise<number> {
  const limiter = shared(kind, memory);
  await partner.tell({ kind, task: "rest" });
  const theirs = partner.tell({ kind, task: "drain" });
  const mine = take(limiter, 2 * THERE_ARE);
  return mine + (await theirs).granted - THERE_ARE;
}

export async function run(quick: boolean): Promise<void> {
  title("shared memory: a decision beside the same in memory");
  const results = { pace: [] as Result[], window: [] as Result[] };
  for (let pass = 0; pass < (quick ? 1 : PASSES); pass++) {
    for (const kind of ["pace", "window"] as const) {
      const result = await inChild<Result>(import.meta.url, "measure", kind);
      results[kind].push(result!);
    }
  }
  const rows = (["pace", "window"] as const).flatMap((kind) =>
    WAYS.map((way) => {
      const of = results[kind];
      const ratios = of.map((result) => result.ratios[way]);
      return [
        `${kind}, ${way}`,
        digits(median(of.map((result) => result.ns[way]))),
        digits(median(ratios)),
        `${digits(Math.min(...ratios))} to ${digits(Math.max(...ratios))}`,
      ];
    }),
  );
  table(["a decision", "ns", "times in memory", "in all runs"], rows);
  console.log();
  for (const kind of ["pace", "window"] as const) judge(kind, results[kind]);
}

function judge(kind: "pace" | "window", results: readonly Result[]): void {
  for (const [way, most] of Object.entries(TARGETS[kind])) {
    const ratio = median(results.map((result) => result.ratios[way as Way]));
    verdict(`${kind}, ${way}`, `${digits(ratio)} times`, `at most ${most}`, ratio <= most);
  }
  const off = results.flatMap((result) => Object.values(result.off));
  const most = off.reduce((worst, by) => (Math.abs(by) > Math.abs(worst) ? by : worst), 0);
  verdict(
    `${kind}, two at once take all of ${THERE_ARE}`,
    `${THERE_ARE + most} in the worst of ${off.length} runs`,
    `exactly ${THERE_ARE}`,
    most === 0,
  );
}
