/** Waits beyond 2^31-1 ms on the system's clock: `setTimeout` would fire at once. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createLimiter, type LimitsInput, pace, quota, window } from "../../src/index.ts";
import { watch } from "./outcomes.ts";

const DAY = 86_400_000;
const MOST = 2 ** 31 - 1;

beforeEach(() => {
  vi.useFakeTimers({
    now: Date.UTC(2026, 0, 1),
    toFake: ["setTimeout", "clearTimeout", "setImmediate", "clearImmediate", "performance", "Date"],
  });
});

afterEach(() => {
  vi.useRealTimers();
});

describe.each<{ name: string; limits: LimitsInput; days: number }>([
  { name: "a window of 60 days", limits: window(1, "60d"), days: 60 },
  { name: "a pace of one in 40 days", limits: pace("1/40d"), days: 40 },
  { name: "a quota of a month", limits: quota(1, "month"), days: 31 },
])("$name", ({ limits, days }) => {
  test("waits that long, and chains its timers", async () => {
    const delays: number[] = [];
    const arm = vi.spyOn(globalThis, "setTimeout");
    const limiter = createLimiter<LimitsInput>(limits);
    limiter.tryAcquire();
    const second = watch(limiter.acquire());
    await vi.advanceTimersByTimeAsync(days * DAY - 1);
    expect(second.outcome).toBe("pending");
    await vi.advanceTimersByTimeAsync(1);
    expect(second.outcome).toBe("fulfilled");
    expect(second.value!.waited).toBe(days * DAY);
    for (const [, ms] of arm.mock.calls) delays.push(ms ?? 0);
    expect(Math.max(...delays)).toBe(MOST);
    await limiter[Symbol.asyncDispose]();
  });
});

test("a time-out and a pause of that length", async () => {
  const limiter = createLimiter("1/1s");
  limiter.pause("30d");
  const early = watch(limiter.acquire({ timeout: "29d" }));
  const late = watch(limiter.acquire({ timeout: "31d" }));
  await vi.advanceTimersByTimeAsync(30 * DAY - 1);
  expect([early.outcome, late.outcome]).toEqual(["LIMIT_EXCEEDED", "pending"]);
  await vi.advanceTimersByTimeAsync(1);
  expect(late.outcome).toBe("fulfilled");
  await limiter[Symbol.asyncDispose]();
  expect(vi.getTimerCount()).toBe(0);
});

test("the system's clock is read through the global, fake or not", async () => {
  const limiter = createLimiter("1/1s");
  limiter.tryAcquire();
  expect(limiter.tryAcquire()).toMatchObject({ retryAfter: 1000 });
  vi.setSystemTime(Date.UTC(2030, 0, 1)); // the wall clock alone
  expect(limiter.tryAcquire().granted).toBe(false);
  await vi.advanceTimersByTimeAsync(1000);
  expect(limiter.tryAcquire().granted).toBe(true);
  await limiter[Symbol.asyncDispose]();
});
