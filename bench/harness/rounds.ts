/** Speed as a ratio: in every round the floor and the subject take turns. */

import { setTimeout as sleep } from "node:timers/promises";
import { median } from "./numbers.ts";

/** Something whose calls are counted. */
export interface Subject {
  /** Calls in a round. */
  readonly calls: number;
  /** Makes so many calls; returns how many did what was expected, so that nothing is left out. */
  batch(calls: number): number | Promise<number>;
  /** Pieces that a round is cut into, and what is done after each, outside the measured time. */
  readonly pieces?: number;
  afterPiece?(): void;
  /** Milliseconds of rest after each round, for subjects that have to forget. */
  readonly rest?: number;
}

/** Medians over the rounds. */
export interface Speed {
  /** Nanoseconds of one call of the floor, and of the subject. */
  readonly floor: number;
  readonly subject: number;
  /** Subject over floor, the median of the ratios of the rounds. */
  readonly ratio: number;
}

const ROUNDS = 15;
const WARM_UP = 5;

export async function against(floor: Subject, subject: Subject): Promise<Speed> {
  const rounds: Speed[] = [];
  for (let round = 0; round < WARM_UP + ROUNDS; round++) {
    const [low, high] = [await time(floor), await time(subject)];
    if (round >= WARM_UP) rounds.push({ floor: low, subject: high, ratio: high / low });
  }
  const of = (field: keyof Speed): number => median(rounds.map((round) => round[field]));
  return { floor: of("floor"), subject: of("subject"), ratio: of("ratio") };
}

async function time(subject: Subject): Promise<number> {
  const { calls, pieces = 1, rest } = subject;
  let took = 0;
  let counted = 0;
  for (let piece = 0; piece < pieces; piece++) {
    const started = performance.now();
    const running = subject.batch(calls / pieces);
    counted += typeof running === "number" ? running : await running;
    took += performance.now() - started;
    subject.afterPiece?.();
  }
  if (counted !== calls) throw new Error(`${calls - counted} of ${calls} calls went astray.`);
  if (rest !== undefined) await sleep(rest);
  return (took / calls) * 1e6;
}

/** One clock read through the global. */
export const clockRead: Subject = {
  calls: 300_000,
  batch: (calls) => {
    let last = 0;
    let rising = 0;
    for (let i = 0; i < calls; i++) {
      const now = performance.now();
      if (now >= last) rising++;
      last = now;
    }
    return rising;
  },
};

/** An `await` of nothing but one microtask. */
export const emptyAwait: Subject = {
  calls: 100_000,
  batch: async (calls) => {
    let done = 0;
    for (let i = 0; i < calls; i++) {
      await new Promise<void>((resolve) => {
        queueMicrotask(resolve);
      });
      done++;
    }
    return done;
  },
};
