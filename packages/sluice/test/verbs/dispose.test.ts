import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { concurrency, createLimiter, LimiterClosedError, pace, window } from "../../src/index.ts";
import { manualClock } from "../../src/testing/index.ts";
import { codeOf, granted, outcomes, watch } from "./outcomes.ts";

const NO_TIMERS = { active: 0, idle: 0 };

test("rejects all who wait, and leaves neither timer nor listener", async () => {
  const clock = manualClock();
  const limiter = createLimiter(
    { all: window(3, "1s", { per: "limiter" }), slots: concurrency(1) },
    { clock },
  );
  const { signal } = new AbortController();
  for (const key of ["a", "b"]) limiter.tryAcquire({ key });
  await limiter.acquire({ key: "c" });
  const calls = ["a", "b", "d", "d"].map((key) =>
    watch(limiter.acquire({ key, signal, ...(key === "a" ? { timeout: "1h" } : {}) })),
  );
  await limiter[Symbol.asyncDispose]();
  expect(clock.timers()).toEqual(NO_TIMERS);
  await clock.advance(0);
  expect(outcomes(calls)).toEqual(Array(4).fill("LIMITER_CLOSED"));
  expect(calls[0]!.error).toBeInstanceOf(LimiterClosedError);
  expect(getEventListeners(signal, "abort").length).toBe(0);
  expect(limiter.stats().waiting).toBe(0);
});

test("nobody slips through", async () => {
  const clock = manualClock();
  const limiter = createLimiter("5/10s", { clock });
  limiter.tryAcquire({ cost: 3 });
  const calls = [5, 1, 1].map((cost) => watch(limiter.acquire({ cost })));
  await limiter[Symbol.asyncDispose]();
  await clock.advance(0);
  expect(outcomes(calls)).toEqual(Array(3).fill("LIMITER_CLOSED"));
});

test("also those whom a reservation has booked", async () => {
  const clock = manualClock();
  const limiter = createLimiter("1/1s", { clock });
  limiter.tryAcquire();
  const call = watch(limiter.acquire());
  granted(limiter.reserve());
  await limiter[Symbol.asyncDispose]();
  await clock.advance("5s");
  expect(call.outcome).toBe("LIMITER_CLOSED");
});

test("twice is once", async () => {
  const limiter = createLimiter("1/1s", { clock: manualClock() });
  await limiter[Symbol.asyncDispose]();
  await expect(limiter[Symbol.asyncDispose]()).resolves.toBe(undefined);
});

describe("afterwards", () => {
  test("every verb that asks says so", async () => {
    const limiter = createLimiter("1/1s", { clock: manualClock() });
    const snapshot = limiter.snapshot();
    await limiter[Symbol.asyncDispose]();
    const codes = [
      () => limiter.tryAcquire(),
      () => limiter.acquireSync(),
      () => limiter.reserve(),
      () => limiter.peek(),
      () => limiter.explain(),
      () => limiter.breach(),
      () => limiter.setLimits("2/1s"),
      () => limiter.restore(snapshot),
      () => limiter.pause("1s"),
    ].map(codeOf);
    expect(new Set(codes)).toEqual(new Set(["LIMITER_CLOSED"]));
    await expect(limiter.acquire()).rejects.toMatchObject({ code: "LIMITER_CLOSED" });
    await expect(limiter.run(() => 1)).rejects.toMatchObject({ code: "LIMITER_CLOSED" });
    await expect(limiter.wrap(() => 1)()).rejects.toMatchObject({ code: "LIMITER_CLOSED" });
    await expect(limiter.map([1], (x) => x).next()).rejects.toMatchObject({
      code: "LIMITER_CLOSED",
    });
  });

  test("permits can still be settled and released; no timer comes back", async () => {
    const clock = manualClock();
    const limiter = createLimiter({ rate: pace("1/s"), slots: concurrency(1) }, { clock });
    const permit = granted(limiter.tryAcquire({ key: "a" }));
    const other = granted(limiter.tryAcquire({ key: "b" }));
    limiter.forget("a");
    await limiter[Symbol.asyncDispose]();
    permit.settle({ rate: 5 });
    permit.release();
    other[Symbol.dispose]();
    await other[Symbol.asyncDispose]();
    expect(clock.timers()).toEqual(NO_TIMERS);
  });
});

test("`await using` ends it", async () => {
  const clock = manualClock();
  let call;
  {
    await using limiter = createLimiter("1/1s", { clock });
    limiter.tryAcquire();
    call = watch(limiter.acquire());
    expect(clock.timers().active).toBe(1);
  }
  await clock.advance(0);
  expect(call.outcome).toBe("LIMITER_CLOSED");
  expect(clock.timers()).toEqual(NO_TIMERS);
});
