/** Clocks and event loops as they are: blocked, early, late, jumping back. No over-admission, no stall. */

import { describe, expect, test } from "vitest";
import { type Clock, createLimiter, type LimitsInput, pace, window } from "../../src/index.ts";
import { manualClock, worstWindow } from "../../src/testing/index.ts";
import { jittery, random } from "./jittery.ts";

const LIMITS: { name: string; limits: LimitsInput; count: number; span: number }[] = [
  { name: "a window", limits: window(5, "100ms"), count: 5, span: 100e3 },
  { name: "parts", limits: window(5, "100ms", { parts: 4 }), count: 5, span: 100e3 },
  { name: "a pace", limits: pace("50/s", { burst: 2 }), count: 6, span: 100e3 },
  {
    name: "a limiter's window",
    limits: window(5, "100ms", { per: "limiter" }),
    count: 5,
    span: 100e3,
  },
];

/** Starts `count` waiters over some keys, and notes on `clock` when the code of each runs. */
function crowd(
  limits: LimitsInput,
  clock: Clock,
  count: number,
  now: () => number,
): { at: number; units: number }[] {
  const limiter = createLimiter<LimitsInput>(limits, { clock });
  const served: { at: number; units: number }[] = [];
  for (let i = 0; i < count; i++) {
    void limiter.acquire().then(() => served.push({ at: now(), units: 1 }));
  }
  return served;
}

describe.each(LIMITS)("$name", ({ limits, count, span }) => {
  test("with a blocked event loop", async () => {
    const clock = manualClock();
    const served = crowd(limits, clock, 60, clock.now);
    const dice = random(7);
    for (let i = 0; i < 60; i++) {
      clock.block(dice() * 90);
      await clock.advance(dice() * 60);
    }
    expect(served.length).toBe(60);
    expect(worstWindow(served, span).units).toBeLessThanOrEqual(count);
  });

  test.each([1, 2, 3])("with timers that are early and late (%i)", async (seed) => {
    const clock = manualClock();
    const served = crowd(limits, jittery(clock, seed), 60, clock.now);
    await clock.advance("4s");
    expect(served.length).toBe(60);
    expect(worstWindow(served, span).units).toBeLessThanOrEqual(count);
  });

  test("with a clock that jumps back", async () => {
    const clock = manualClock({ now: 1e9 });
    let elapsed = 0;
    let since = clock.now();
    const real = (): number => elapsed + (clock.now() - since);
    const served = crowd(limits, clock, 60, real);
    const dice = random(11);
    for (let i = 0; i < 120; i++) {
      await clock.advance(dice() * 40);
      elapsed = real();
      clock.stepBack(dice() * 300);
      since = clock.now();
    }
    await clock.advance("60s");
    expect(served.length).toBe(60);
    expect(worstWindow(served, span).units).toBeLessThanOrEqual(count);
  });
});

test("code that runs late in its turn is counted when it ran", async () => {
  const clock = manualClock();
  const limiter = createLimiter("1/100ms", { clock });
  const served: number[] = [];
  for (let i = 0; i < 2; i++) {
    void limiter.acquire().then(() => {
      clock.block(30); // work that keeps the loop busy
      served.push(clock.now());
    });
  }
  await clock.advance("1s");
  expect(served).toEqual([30e3, 130e3 + 30e3]);
});

test("the first timer after a jump back is not lost", async () => {
  const clock = manualClock({ now: 10e6 });
  const limiter = createLimiter("1/1s", { clock });
  limiter.tryAcquire();
  clock.stepBack("9s");
  // The limiter's clock stands still and goes on from there: a second is still a second.
  expect(limiter.tryAcquire()).toMatchObject({ granted: false, retryAfter: 1000 });
  clock.block("1s");
  expect(limiter.tryAcquire().granted).toBe(true);
});
