/**
 * Law 9: after any mix of what callers do, all slots are back, queues, timers and listeners are
 * empty, every promise has settled; and the limits were kept, by the clock of those who ran.
 */

import fc from "fast-check";
import { expect, test } from "vitest";
import { Mix } from "./mix.ts";
import { type Spec, specs } from "./mix-limits.ts";
import { calmStep, type Step, wildStep } from "./mix-steps.ts";

const RUNS = { numRuns: 300 };

/** How a wait may end. */
const ENDS = [
  "fulfilled",
  "aborted",
  "LIMIT_EXCEEDED",
  "WAIT_CANCELLED",
  "QUEUE_FULL",
  "KEYS_EXHAUSTED",
];

interface Run {
  readonly limits: Spec[];
  readonly steps: Step[];
  readonly maxWaiting: number;
  readonly maxKeys: number | undefined;
}

/** With few keys, one that is not refused may be forgotten before it is idle. */
function runs(
  limits: fc.Arbitrary<Spec[]>,
  step: fc.Arbitrary<Step>,
  ...maxKeys: number[]
): fc.Arbitrary<Run> {
  return fc.record({
    limits,
    steps: fc.array(step, { maxLength: 50, size: "max" }),
    maxWaiting: fc.constantFrom(1000, 1000, 3),
    maxKeys: fc.constantFrom(undefined, ...maxKeys),
  });
}

async function play({ limits, steps, maxWaiting, maxKeys }: Run): Promise<Mix> {
  const mix = new Mix(limits, maxWaiting, maxKeys);
  for (const step of steps) await mix.step(step);
  await mix.drain();
  return mix;
}

/** Nothing is left behind, and everything can be had again. */
function expectClean(mix: Mix, ends: readonly string[]): void {
  const { limiter, clock, calls } = mix;
  const others = calls
    .filter(({ outcome, error }) => !ends.includes(String(outcome)) && !isWorkError(error))
    .map(({ outcome }) => outcome);
  expect(others).toEqual([]);
  expect(mix.errors).toEqual([]);
  expect(limiter.stats().waiting).toBe(0);
  expect(clock.timers()).toEqual({ active: 0, idle: 0 });
  expect(mix.listening()).toBe(0);
  expect(limiter.keys()).toEqual([]);
  for (const key of ["a", "b", "", "new"]) {
    const burst = limiter.tryAcquire({ key, cost: mix.most(key) as never });
    expect(burst).toMatchObject({ granted: true });
    if (burst.granted) burst.release();
    clock.block("1h");
  }
}

function isWorkError(error: unknown): boolean {
  return error instanceof Error && ["thrown", "rejected", "unknown"].includes(error.message);
}

test("with slots, windows and paces", async () => {
  await fc.assert(
    fc.asyncProperty(runs(specs(true), calmStep(false, true)), async (run) => {
      const mix = await play(run);
      expect(mix.journal.verdict()).toEqual([]);
      expectClean(mix, ENDS);
    }),
    RUNS,
  );
});

test("with instants booked ahead", async () => {
  await fc.assert(
    fc.asyncProperty(runs(specs(false), calmStep(true, false)), async (run) => {
      const mix = await play(run);
      expect(mix.journal.verdict()).toEqual([]);
      expectClean(mix, ENDS);
    }),
    // What gives back twice shows only where others then take it: seldom.
    { numRuns: 1000 },
  );
});

test("with limits that change, resets, breaches and restores", async () => {
  const wild = fc.oneof(
    { weight: 6, arbitrary: calmStep(false, true) },
    { weight: 1, arbitrary: wildStep(specs(true)) },
  );
  await fc.assert(
    fc.asyncProperty(runs(specs(true), wild, 2), async (run) => {
      expectClean(await play(run), [...ENDS, "COST_IMPOSSIBLE"]);
    }),
    RUNS,
  );
});

test("with limits that change while instants are booked", async () => {
  const wild = fc.oneof(
    { weight: 6, arbitrary: calmStep(true, true) },
    { weight: 1, arbitrary: wildStep(specs(false)) },
  );
  await fc.assert(
    fc.asyncProperty(runs(specs(false), wild, 2), async (run) => {
      expectClean(await play(run), [...ENDS, "COST_IMPOSSIBLE"]);
    }),
    RUNS,
  );
});
