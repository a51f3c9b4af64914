import { manualClock } from "sluice/testing";
import { expect, test } from "vitest";
import { Checkpoints } from "./checkpoints.ts";
import type { Flushed, Resumed } from "./parts.ts";

const flushed: Flushed = { offsets: [1], done: [] };
const limiter = { version: 1 } as never;
const resumed: Resumed = {
  rows: 3,
  isDone: () => false,
  limiter: undefined,
  started: 5,
};

/** The milliseconds at which there was a checkpoint. */
async function checkpointsOf(before: Resumed | undefined): Promise<number[]> {
  const clock = manualClock();
  const made: number[] = [];
  const checkpoints = new Checkpoints({
    journal: {
      resumed: before,
      checkpoint: async (state) => {
        expect(state).toEqual({ flushed, limiter, limiters: {} });
        made.push(clock.now() / 1e3);
      },
    },
    sink: { flush: async () => flushed },
    clock,
    snapshot: () => ({ limiter, limiters: {} }),
    fail: (error) => {
      throw error;
    },
  });
  await clock.advance("2500ms");
  await checkpoints.end();
  await clock.advance("10s");
  return made;
}

test("one every second, and one at the end", async () => {
  expect(await checkpointsOf(undefined)).toEqual([1_000, 2_000, 2_500]);
});

test("a job that was resumed begins with one: what it was charged for is not charged again", async () => {
  expect(await checkpointsOf(resumed)).toEqual([0, 1_000, 2_000, 2_500]);
});
