// Whoever runs later than its grace counts once more, and nothing that was promised before is kept.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createLimiter, type LimitText } from "../../src/index.ts";
import { StoreBusyError } from "../../src/errors.ts";
import { manualClock, worstWindow } from "../../src/testing/index.ts";
import { farStore } from "./far-store.ts";

/** One process whose callers keep the thread: `blocks` says for how many milliseconds the nth does. */
async function runBusy(
  text: LimitText,
  blocks: (n: number) => number,
  seconds: number,
  way = 0.5,
): Promise<number[]> {
  const clock = manualClock();
  const store = farStore(clock);
  store.there = store.back = () => way;
  const limiter = createLimiter(text, { store, clock, name: "x" });
  /** When callers went on, in microseconds. */
  const ran: number[] = [];
  const caller = async (): Promise<void> => {
    for (;;) {
      await limiter.acquire();
      ran.push(clock.now());
      const ms = blocks(ran.length);
      if (ms > 0) clock.block(ms);
    }
  };
  for (let i = 0; i < 500; i++) caller().catch(() => undefined);
  await clock.advance(seconds * 1e3);
  limiter.cancelWaiting();
  await clock.advance(10);
  return ran;
}

function fullest(ran: readonly number[], span: number): number {
  const admissions = ran.map((at) => ({ at, units: 1 }));
  return worstWindow(admissions, span).units;
}

describe("a process alone never exceeds the limit", () => {
  test("stopped while it holds instants of the next window", async () => {
    const ran = await runBusy("2/50ms", (n) => ({ 1: 15, 7: 21 })[n] ?? 0, 8, 5.1);
    expect(fullest(ran, 50_000)).toBe(2);
  });

  test("stopped again and again", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          count: fc.integer({ min: 1, max: 40 }),
          ms: fc.integer({ min: 50, max: 1500 }),
        }),
        fc.array(fc.tuple(fc.integer({ min: 1, max: 60 }), fc.nat(2_000)), { maxLength: 8 }),
        fc.integer({ min: 0, max: 90 }),
        async ({ count, ms }, blocks, way) => {
          const byCaller = new Map(blocks);
          const text = `${count}/${ms}ms` as LimitText;
          const ran = await runBusy(text, (n) => byCaller.get(n) ?? 0, 8, way / 10);
          expect(fullest(ran, ms * 1e3)).toBeLessThanOrEqual(count);
        },
      ),
      { numRuns: 150 },
    );
  });
});

test("while a late call cannot be charged, those who wait keep the process alive", async () => {
  const clock = manualClock();
  const store = farStore(clock);
  const limiter = createLimiter("2/50ms", { store, clock, name: "x" });
  const first = limiter.acquire().then(() => {
    store.failure = new StoreBusyError("busy");
    clock.block(30);
  });
  await clock.advance(0);
  await first;
  let passed = false;
  void limiter.acquire().then(() => (passed = true));
  await clock.advance(10);
  expect(passed).toBe(false);
  expect(clock.timers().active).toBeGreaterThan(0);
  store.failure = undefined;
  await clock.advance("1s");
  expect(passed).toBe(true);
});
