import { describe, expect, test } from "vitest";
import {
  blocked,
  concurrency,
  createLimiter,
  LimitExceededError,
  WouldDeadlockError,
  window,
} from "../../src/index.ts";
import { manualClock } from "../../src/testing/index.ts";
import { codeOf, granted, outcomes, watch } from "./outcomes.ts";

test("blocks the thread until the instant, and no longer", () => {
  const clock = manualClock();
  const limiter = createLimiter("2/1s", { clock });
  const times = Array.from({ length: 5 }, () => {
    limiter.acquireSync();
    return clock.now();
  });
  expect(times).toEqual([0, 0, 1e6, 1e6, 2e6]);
});

test("its permit tells how long it waited", () => {
  const clock = manualClock();
  const limiter = createLimiter("1/1s", { clock });
  expect(limiter.acquireSync().waited).toBe(0);
  clock.block(250);
  expect(limiter.acquireSync().waited).toBe(750);
  expect(limiter.stats()).toMatchObject({ admitted: 2, refused: 0 });
});

describe("what only this thread could release", () => {
  test.each([
    { what: "slots", limits: { held: concurrency(1) } },
    { what: "slots beside a window", limits: { calls: window(9, "1s"), held: concurrency(1) } },
    { what: "shared slots", limits: { held: concurrency(1, { per: "limiter" }) } },
  ])("throws at once for $what", ({ limits }) => {
    const clock = manualClock();
    const limiter = createLimiter(limits, { clock });
    const permit = granted(limiter.tryAcquire());
    expect(() => limiter.acquireSync()).toThrow(WouldDeadlockError);
    expect(codeOf(() => limiter.acquireSync({ timeout: "1m" }))).toBe("WOULD_DEADLOCK");
    expect(() => limiter.acquireSync()).toThrow(/"held"/);
    expect(clock.now()).toBe(0);
    permit.release();
    expect(limiter.acquireSync().granted).toBe(true);
  });

  test("blocked is such a limit", () => {
    const limiter = createLimiter(blocked, { clock: manualClock() });
    expect(codeOf(() => limiter.acquireSync())).toBe("WOULD_DEADLOCK");
  });

  test("a slot that cools down is waited for", () => {
    const clock = manualClock();
    const limiter = createLimiter(concurrency(1, { cooldown: "3s" }), { clock });
    limiter.acquireSync().release();
    limiter.acquireSync();
    expect(clock.now()).toBe(3e6);
  });
});

test("waits for the end of a pause", () => {
  const clock = manualClock();
  const limiter = createLimiter("1/1s", { clock });
  limiter.pause("1m");
  limiter.acquireSync();
  expect(clock.now()).toBe(60e6);
});

test("throws at once when the time-out is too short", () => {
  const clock = manualClock();
  const limiter = createLimiter("1/1m", { clock });
  limiter.acquireSync({ timeout: 0 });
  expect(() => limiter.acquireSync({ timeout: "59s" })).toThrow(LimitExceededError);
  expect(clock.now()).toBe(0);
  expect(limiter.acquireSync({ timeout: "1m" }).granted).toBe(true);
  expect(clock.now()).toBe(60e6);
});

test("overtakes those who wait, whose turn comes later", async () => {
  const clock = manualClock();
  const limiter = createLimiter("1/1s", { clock });
  limiter.tryAcquire();
  const waiting = [watch(limiter.acquire()), watch(limiter.acquire())];
  limiter.acquireSync();
  expect(clock.now()).toBe(1e6);
  await clock.advance(999);
  expect(outcomes(waiting)).toEqual(["pending", "pending"]);
  await clock.advance(1);
  expect(outcomes(waiting)).toEqual(["fulfilled", "pending"]);
  await clock.advance("1s");
  expect(outcomes(waiting)).toEqual(["fulfilled", "fulfilled"]);
});

test("a clock that cannot sleep is told so", () => {
  const { sleepSync: _, ...clock } = manualClock();
  const limiter = createLimiter("1/1s", { clock });
  limiter.acquireSync();
  expect(() => limiter.acquireSync()).toThrow(/has no sleepSync\(\)/);
});

test("a thread that may not block is told so", () => {
  const sleepSync = (): never => {
    throw new TypeError("Atomics.wait cannot be called in this context");
  };
  const limiter = createLimiter("1/1s", { clock: { ...manualClock(), sleepSync } });
  limiter.acquireSync();
  expect(codeOf(() => limiter.acquireSync())).toBe("INVALID_OPTION");
  expect(() => limiter.acquireSync()).toThrow(/Atomics\.wait cannot .*use acquire\(\)/);
});

test("costs and keys are as elsewhere", () => {
  const clock = manualClock();
  const limiter = createLimiter("3/1s", { clock });
  limiter.acquireSync({ key: "a", cost: 3 });
  limiter.acquireSync({ key: "b" });
  expect(clock.now()).toBe(0);
  expect(codeOf(() => limiter.acquireSync({ cost: 4 }))).toBe("COST_IMPOSSIBLE");
});
