/** Whatever fails or is called from within, nobody who waits is forgotten. */

import { expect, test } from "vitest";
import { createLimiter, type LimitsInput, window } from "../../src/index.ts";
import { manualClock } from "../../src/testing/index.ts";
import { codeOf, outcomes, watch } from "./outcomes.ts";

test("a reservation that fails for want of keys leaves those who wait before it waiting", async () => {
  const clock = manualClock();
  const limits = { each: window(1, "10s"), total: window(2, "1s", { per: "limiter" }) };
  const limiter = createLimiter(limits, { clock, maxKeys: 2 });
  for (const key of ["a", "b"]) limiter.tryAcquire({ key });
  const waits = watch(limiter.acquire({ key: "c" }));
  expect(codeOf(() => limiter.reserve({ key: "a" }))).toBe("KEYS_EXHAUSTED");
  expect(limiter.stats().waiting).toBe(1);
  limiter.forget("a");
  await clock.advance("1m");
  expect(waits.outcome).toBe("fulfilled");
});

test("a booked waiter for whom there is no key any more fails, and the others go on", async () => {
  const clock = manualClock();
  const limiter = createLimiter("1/1s", { clock: late(clock, 100), maxKeys: 1 });
  limiter.tryAcquire({ key: "a" });
  const booked = watch(limiter.acquire({ key: "a" }));
  limiter.reserve({ key: "a" });
  limiter.forget("a");
  limiter.tryAcquire({ key: "b" });
  const others = [0, 1].map(() => watch(limiter.acquire({ key: "b" })));
  await clock.advance("1m");
  expect(booked.outcome).toBe("KEYS_EXHAUSTED");
  expect(outcomes(others)).toEqual(["fulfilled", "fulfilled"]);
  expect(limiter.stats().waiting).toBe(0);
});

test("limits that make no sense change nothing for those who are booked", async () => {
  const clock = manualClock();
  const limiter = createLimiter("1/1s", { clock });
  limiter.tryAcquire();
  const waits = watch(limiter.acquire());
  limiter.reserve();
  expect(codeOf(() => limiter.setLimits("nonsense" as "1/1s"))).toBe("INVALID_OPTION");
  await clock.advance("1s");
  expect(waits.outcome).toBe("fulfilled");
});

test("where limitsFor fails for one key, its waiters are told so, and the others go on", async () => {
  const clock = manualClock();
  let fails = false;
  const limitsFor = (key: string): undefined => {
    if (fails && key === "a") throw new Error("no such tenant");
  };
  const limiter = createLimiter<LimitsInput>("1/1s", { clock, limitsFor });
  const waits = ["a", "b"].map((key) => {
    limiter.tryAcquire({ key });
    return watch(limiter.acquire({ key }));
  });
  fails = true;
  limiter.setLimits("2/1s");
  await clock.advance("1s");
  expect(outcomes(waits)).toEqual([new Error("no such tenant"), "fulfilled"]);
});

test("a listener that reserves does not lose who is just about to wait", async () => {
  const clock = manualClock();
  const limiter = createLimiter("1/1s", { clock });
  limiter.tryAcquire({ key: "x" });
  clock.block(500);
  limiter.tryAcquire({ key: "y" });
  const waits = ["x", "y"].map((key) => watch(limiter.acquire({ key })));
  clock.block(700);
  // The newcomer goes first at y, and while it is put in its place x is let through.
  const stop = limiter.on("admit", () => {
    stop();
    limiter.reserve({ key: "y" });
  });
  const { signal } = new AbortController();
  waits.push(watch(limiter.acquire({ key: "y", priority: 1, signal })));
  await clock.advance("1m");
  expect(outcomes(waits)).toEqual(["fulfilled", "fulfilled", "fulfilled"]);
  expect(limiter.stats().waiting).toBe(0);
});

test("the drop of an older waiter is told with its own key", () => {
  const options = { clock: manualClock(), maxWaiting: 1, overflow: "drop-oldest" } as const;
  const limiter = createLimiter("1/1s", options);
  const dropped: string[] = [];
  limiter.on("drop", ({ key }) => dropped.push(key!));
  for (const key of ["old", "new"]) {
    limiter.tryAcquire({ key });
    watch(limiter.acquire({ key }));
  }
  expect(dropped).toEqual(["old"]);
});

/** The clock with timers that are late by so many milliseconds, as where the system is busy. */
function late(clock: ReturnType<typeof manualClock>, ms: number): ReturnType<typeof manualClock> {
  return {
    ...clock,
    exact: false,
    setTimer: (wait, wake, idle) => clock.setTimer(wait > 0 ? wait + ms : 0, wake, idle),
  };
}

test("a listener that reserves while waiters are let through leaves nothing broken behind", async () => {
  const clock = manualClock();
  const limiter = createLimiter("1/20ms", { clock });
  limiter.tryAcquire();
  const waits = [0, 1, 2].map(() => watch(limiter.acquire()));
  const stop = limiter.on("admit", () => {
    stop();
    limiter.reserve();
  });
  await clock.advance(500);
  limiter.tryAcquire();
  const later = watch(limiter.acquire());
  await clock.advance(500);
  expect(outcomes([...waits, later])).toEqual(Array(4).fill("fulfilled"));
  expect(limiter.stats().waiting).toBe(0);
});
