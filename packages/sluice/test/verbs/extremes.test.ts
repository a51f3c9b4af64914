import { expect, test } from "vitest";
import { blocked, createLimiter, type LimitsInput, unlimited, window } from "../../src/index.ts";
import { manualClock } from "../../src/testing/index.ts";
import { codeOf, granted, outcomes, watch } from "./outcomes.ts";

test("unlimited lets everything through, also through a pause's end", async () => {
  for (const limits of [unlimited, "unlimited"] as const) {
    const clock = manualClock();
    const limiter = createLimiter(limits, { clock });
    for (let i = 0; i < 100; i++) granted(limiter.tryAcquire({ cost: 1e6 }));
    limiter.pause("1s");
    const call = watch(limiter.acquire());
    await clock.advance("1s");
    expect(call.outcome).toBe("fulfilled");
    expect(granted(limiter.reserve()).wait).toBe(0);
  }
});

test("beside unlimited the other limits hold", () => {
  const limiter = createLimiter({ u: unlimited, w: window(2, "1m") }, { clock: manualClock() });
  limiter.tryAcquire({ cost: 2 });
  expect(limiter.tryAcquire()).toMatchObject({ granted: false, limit: "w" });
});

test("blocked lets nothing through until setLimits", async () => {
  for (const limits of [blocked, "blocked"] as const) {
    const clock = manualClock();
    const limiter = createLimiter<LimitsInput>(limits, { clock });
    const refusal = limiter.tryAcquire();
    expect(refusal).toMatchObject({ granted: false, limit: "blocked" });
    expect("retryAfter" in refusal).toBe(false);
    const calls = [watch(limiter.acquire()), watch(limiter.acquire({ timeout: "1m" }))];
    await clock.advance("1h");
    expect(outcomes(calls)).toEqual(["pending", "LIMIT_EXCEEDED"]);
    expect(clock.timers().active).toBe(0);
    limiter.setLimits("1/1s");
    await clock.advance(0);
    expect(calls[0]!.outcome).toBe("fulfilled");
  }
});

test("a reservation of what is blocked is refused", () => {
  const limiter = createLimiter(blocked, { clock: manualClock() });
  expect(limiter.reserve()).toMatchObject({ granted: false, limit: "blocked" });
});

test("blocked again: those who wait go on waiting", async () => {
  const clock = manualClock();
  const limiter = createLimiter<LimitsInput>("1/1s", { clock });
  limiter.tryAcquire();
  const call = watch(limiter.acquire());
  limiter.setLimits(blocked);
  await clock.advance("1h");
  expect(call.outcome).toBe("pending");
  limiter.setLimits(unlimited);
  await clock.advance(0);
  expect(call.outcome).toBe("fulfilled");
});

test("0 is neither", () => {
  expect(codeOf(() => createLimiter("0/1s"))).toBe("INVALID_OPTION");
  expect(() => window(0, "1s")).toThrow(/blocked/);
});
