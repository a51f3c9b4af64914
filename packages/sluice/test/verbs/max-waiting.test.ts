import { describe, expect, test } from "vitest";
import { createLimiter, QueueFullError } from "../../src/index.ts";
import { manualClock } from "../../src/testing/index.ts";
import { codeOf, outcomes, watch } from "./outcomes.ts";

describe("reject", () => {
  test("one too many is rejected; those who wait are not disturbed", async () => {
    const clock = manualClock();
    const limiter = createLimiter("1/1s", { clock, maxWaiting: 2 });
    limiter.tryAcquire();
    const calls = [1, 2, 3].map(() => watch(limiter.acquire()));
    await clock.advance(0);
    expect(outcomes(calls)).toEqual(["pending", "pending", "QUEUE_FULL"]);
    expect(calls[2]!.error).toBeInstanceOf(QueueFullError);
    expect(limiter.stats()).toMatchObject({ waiting: 2, dropped: 1 });
    await clock.advance("1s");
    const next = watch(limiter.acquire());
    await clock.advance("2s");
    expect(outcomes([...calls, next])).toEqual([
      "fulfilled",
      "fulfilled",
      "QUEUE_FULL",
      "fulfilled",
    ]);
  });

  test("it counts over all keys, and only those who must wait", async () => {
    const clock = manualClock();
    const limiter = createLimiter("1/1s", { clock, maxWaiting: 1 });
    for (const key of ["a", "b"]) limiter.tryAcquire({ key });
    const calls = ["a", "b", "c"].map((key) => watch(limiter.acquire({ key })));
    await clock.advance(0);
    expect(outcomes(calls)).toEqual(["pending", "QUEUE_FULL", "fulfilled"]);
    limiter.cancelWaiting();
  });

  test("0 lets nobody wait", async () => {
    const clock = manualClock();
    for (const overflow of ["reject", "drop-oldest", "drop-lowest"] as const) {
      const limiter = createLimiter("1/1s", { clock, maxWaiting: 0, overflow });
      await limiter.acquire();
      const call = watch(limiter.acquire());
      await clock.advance(0);
      expect(call.outcome).toBe("QUEUE_FULL");
    }
  });
});

test("drop-oldest: the oldest of all keys gives way", async () => {
  const clock = manualClock();
  const limiter = createLimiter("1/1s", { clock, maxWaiting: 2, overflow: "drop-oldest" });
  for (const key of ["a", "b"]) limiter.tryAcquire({ key });
  const calls = [];
  for (const key of ["a", "b", "b", "a"]) {
    calls.push(watch(limiter.acquire({ key, priority: key === "a" ? 3 : 0 })));
    await clock.advance(1);
  }
  expect(outcomes(calls)).toEqual(["QUEUE_FULL", "QUEUE_FULL", "pending", "pending"]);
  expect(limiter.stats()).toMatchObject({ waiting: 2, dropped: 2 });
  await clock.advance("1s");
  expect(outcomes(calls.slice(2))).toEqual(["fulfilled", "fulfilled"]);
});

describe("drop-lowest", () => {
  test("the lowest priority gives way, the newest of them first", async () => {
    const clock = manualClock();
    const limiter = createLimiter("1/1s", { clock, maxWaiting: 3, overflow: "drop-lowest" });
    limiter.tryAcquire();
    const calls = [];
    for (const priority of [1, 0, 0, 2, 2]) {
      calls.push(watch(limiter.acquire({ priority })));
      await clock.advance(1);
    }
    expect(outcomes(calls)).toEqual(["pending", "QUEUE_FULL", "QUEUE_FULL", "pending", "pending"]);
    limiter.cancelWaiting();
  });

  test("a newcomer that is no higher is rejected itself", async () => {
    const clock = manualClock();
    const limiter = createLimiter("1/1s", { clock, maxWaiting: 2, overflow: "drop-lowest" });
    limiter.tryAcquire();
    const calls = [1, 1, 1, 0].map((priority) => watch(limiter.acquire({ priority })));
    await clock.advance(0);
    expect(outcomes(calls)).toEqual(["pending", "pending", "QUEUE_FULL", "QUEUE_FULL"]);
    expect(limiter.stats()).toMatchObject({ waiting: 2, dropped: 2 });
    limiter.cancelWaiting();
  });
});

test("an event tells of it", async () => {
  const clock = manualClock();
  const limiter = createLimiter("1/1s", { clock, maxWaiting: 0 });
  const dropped: unknown[] = [];
  limiter.on("drop", (event) => dropped.push(event));
  limiter.tryAcquire({ key: "a" });
  const call = watch(limiter.acquire({ key: "a" }));
  await clock.advance(0);
  expect(call.outcome).toBe("QUEUE_FULL");
  expect(dropped).toEqual([{ type: "drop", key: "a", reason: "QUEUE_FULL" }]);
});

test.each([
  { maxWaiting: -1 },
  { maxWaiting: 1.5 },
  { maxWaiting: Number.NaN },
  { overflow: "drop-newest" as never },
])("%o is refused", (options) => {
  expect(codeOf(() => createLimiter("1/1s", options))).toBe("INVALID_OPTION");
});
