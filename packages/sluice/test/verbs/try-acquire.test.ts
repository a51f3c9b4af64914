import { describe, expect, test } from "vitest";
import { concurrency, createLimiter, window } from "../../src/index.ts";
import { manualClock } from "../../src/testing/index.ts";
import { granted } from "./outcomes.ts";

const START = Date.UTC(2026, 0, 1);

describe("a permit", () => {
  test("tells when, how long it waited, what it took, and its number", async () => {
    const clock = manualClock({ wall: START });
    const limiter = createLimiter(["3/1s", "100/1m"], { clock });
    await clock.advance(250);
    const permit = granted(limiter.tryAcquire({ cost: 2 }));
    expect(permit.granted).toBe(true);
    expect(permit.instant).toBe(START + 250);
    expect(permit.waited).toBe(0);
    expect(Object.keys(permit.limits)).toEqual(["3/1s", "100/1m"]);
    expect(permit.limits["3/1s"]!.cost).toBe(2);
    expect(permit.signal.aborted).toBe(false);
  });

  test("is named after its limits", () => {
    const limiter = createLimiter({ calls: window(3, "1s"), slots: concurrency(2) });
    const permit = granted(limiter.tryAcquire({ cost: { calls: 2 } }));
    expect(permit.limits).toEqual({
      calls: { limit: "3/1s", cost: 2 },
      slots: { limit: "2 at once", cost: 1 },
    });
  });
});

describe("a refusal", () => {
  test("tells the limit and the milliseconds, rounded up", async () => {
    const clock = manualClock();
    const limiter = createLimiter("2/1s", { clock });
    limiter.tryAcquire({ cost: 2 });
    expect(limiter.tryAcquire()).toMatchObject({ granted: false, limit: "2/1s", retryAfter: 1000 });
    await clock.advance(399.5);
    expect(limiter.tryAcquire()).toMatchObject({ granted: false, limit: "2/1s", retryAfter: 601 });
    await clock.advance(600.499);
    expect(limiter.tryAcquire()).toMatchObject({ granted: false, limit: "2/1s", retryAfter: 1 });
    await clock.advance(0.001);
    expect(limiter.tryAcquire().granted).toBe(true);
  });

  test("has no time when only a release can help", () => {
    const limiter = createLimiter({ calls: window(5, "1s"), slots: concurrency(1) });
    limiter.tryAcquire();
    const refusal = limiter.tryAcquire();
    expect(refusal).toMatchObject({ granted: false, limit: "slots" });
    expect("retryAfter" in refusal).toBe(false);
  });

  test("has a time again when the slot cools down", () => {
    const clock = manualClock();
    const limiter = createLimiter({ slots: concurrency(1, { cooldown: "2s" }) }, { clock });
    granted(limiter.tryAcquire()).release();
    expect(limiter.tryAcquire()).toMatchObject({
      granted: false,
      limit: "slots",
      retryAfter: 2000,
    });
  });

  test("names the rate that binds", async () => {
    const clock = manualClock();
    const limiter = createLimiter(["2/1s", "3/1m"], { clock });
    limiter.tryAcquire({ cost: 2 });
    expect(limiter.tryAcquire()).toMatchObject({ limit: "2/1s", retryAfter: 1000 });
    await clock.advance("1s");
    limiter.tryAcquire();
    expect(limiter.tryAcquire()).toMatchObject({ limit: "3/1m", retryAfter: 59_000 });
  });

  test("can be disposed of, both ways", async () => {
    const limiter = createLimiter("1/1s");
    limiter.tryAcquire();
    const refusal = limiter.tryAcquire();
    expect(refusal[Symbol.dispose]()).toBe(undefined);
    await expect(refusal[Symbol.asyncDispose]()).resolves.toBe(undefined);
  });

  test("writes nothing", () => {
    const clock = manualClock();
    const limiter = createLimiter(
      { all: window(3, "1s", { per: "limiter" }), each: window(1, "1s"), slots: concurrency(9) },
      { clock },
    );
    limiter.tryAcquire({ key: "a" });
    const before = limiter.snapshot();
    expect(limiter.tryAcquire({ key: "a" }).granted).toBe(false);
    expect(limiter.snapshot()).toEqual(before);
    expect(limiter.keys()).toEqual(["a"]);
  });
});

describe("several limits", () => {
  test("take all or nothing, over key and limiter", () => {
    const limiter = createLimiter(
      { all: window(2, "1s", { per: "limiter" }), each: window(1, "1s") },
      { clock: manualClock() },
    );
    expect(limiter.tryAcquire({ key: "a" }).granted).toBe(true);
    expect(limiter.tryAcquire({ key: "a" })).toMatchObject({ limit: "each" });
    expect(limiter.peek({ key: "b" }).limits.all.used).toBe(1);
    expect(limiter.tryAcquire({ key: "b" }).granted).toBe(true);
    expect(limiter.tryAcquire({ key: "c" })).toMatchObject({ limit: "all" });
    expect(limiter.peek({ key: "c" }).limits.each.used).toBe(0);
  });

  test("two decisions in one turn see different times", () => {
    const clock = manualClock();
    const limiter = createLimiter("1/5ms", { clock });
    limiter.tryAcquire();
    expect(limiter.tryAcquire().granted).toBe(false);
    clock.block(5);
    expect(limiter.tryAcquire().granted).toBe(true);
  });
});

describe("while others wait", () => {
  test("it refuses although there is room", async () => {
    const clock = manualClock();
    const limiter = createLimiter("5/10s", { clock });
    limiter.tryAcquire({ cost: 3 });
    const head = limiter.acquire({ cost: 5 });
    const refusal = limiter.tryAcquire();
    expect(refusal).toMatchObject({ granted: false, limit: "5/10s" });
    await clock.advance("10s");
    await head;
  });

  test("it tells the time after those who wait", async () => {
    const clock = manualClock();
    const limiter = createLimiter("1/1s", { clock });
    limiter.tryAcquire();
    const waiting = [limiter.acquire(), limiter.acquire()];
    expect(limiter.tryAcquire()).toMatchObject({ granted: false, limit: "1/1s", retryAfter: 3000 });
    await clock.advance("2s");
    await Promise.all(waiting);
  });

  test("it may barge", async () => {
    const clock = manualClock();
    const limiter = createLimiter("5/10s", { clock });
    limiter.tryAcquire({ cost: 3 });
    const head = limiter.acquire({ cost: 5 });
    expect(limiter.tryAcquire({ barge: true }).granted).toBe(true);
    expect(limiter.tryAcquire({ barge: true, cost: 2 })).toMatchObject({ granted: false });
    await clock.advance("10s");
    await head;
  });

  test("other keys are not concerned", async () => {
    const clock = manualClock();
    const limiter = createLimiter("1/1s", { clock });
    limiter.tryAcquire({ key: "a" });
    const waiting = limiter.acquire({ key: "a" });
    expect(limiter.tryAcquire({ key: "b" }).granted).toBe(true);
    await clock.advance("1s");
    await waiting;
  });

  test("a queue that has been served no longer stands before it", async () => {
    const clock = manualClock();
    const limiter = createLimiter("2/1s", { clock });
    limiter.tryAcquire({ cost: 2 });
    const waiting = limiter.acquire();
    await clock.advance("1s");
    await waiting;
    expect(limiter.tryAcquire().granted).toBe(true);
  });
});
