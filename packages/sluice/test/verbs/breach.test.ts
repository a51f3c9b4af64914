import { describe, expect, test } from "vitest";
import { blocked, concurrency, createLimiter, window } from "../../src/index.ts";
import { manualClock, type ManualClock } from "../../src/testing/index.ts";
import { granted, outcomes, watch } from "./outcomes.ts";

test("waiters first and in order, over keys and whatever holds them", async () => {
  const clock = manualClock();
  const limiter = createLimiter(
    { all: window(3, "1h", { per: "limiter" }), each: window(1, "1h"), slots: concurrency(1) },
    { clock },
  );
  for (const key of ["a", "b", "c"]) limiter.tryAcquire({ key });
  const served: string[] = [];
  for (const name of ["a0", "b0", "c1", "a0", "d2", "b0"]) {
    clock.block(1);
    void limiter
      .acquire({ key: name[0]!, priority: Number(name[1]) })
      .then(() => served.push(name));
  }
  limiter.breach();
  void limiter.acquire({ key: "e" }).then(() => served.push("new"));
  await clock.advance(0);
  expect(served).toEqual(["d2", "c1", "a0", "b0", "a0", "b0", "new"]);
  expect(limiter.stats().waiting).toBe(0);
  expect(clock.timers().active).toBe(0);
});

test("everything passes, and is not recorded", async () => {
  const clock = manualClock();
  const limiter = createLimiter({ calls: window(2, "1m"), slots: concurrency(1) }, { clock });
  limiter.tryAcquire();
  limiter.breach();
  for (let i = 0; i < 5; i++) expect(limiter.tryAcquire().granted).toBe(true);
  expect((await limiter.acquire()).waited).toBe(0);
  limiter.acquireSync();
  expect(await limiter.run(() => "ran")).toBe("ran");
  expect(limiter.peek().limits).toMatchObject({ calls: { used: 1 }, slots: { used: 1 } });
});

test("pauses and blocked limits are no hindrance", () => {
  const limiter = createLimiter(blocked, { clock: manualClock() });
  limiter.pause("1h");
  expect(limiter.tryAcquire().granted).toBe(false);
  limiter.breach();
  expect(limiter.tryAcquire().granted).toBe(true);
});

test("its permits can be released and settled as usual", async () => {
  const limiter = createLimiter({ calls: window(2, "1m"), slots: concurrency(1) });
  limiter.breach();
  const permit = await limiter.acquire();
  permit.settle({ calls: 0 });
  permit.release();
  expect(() => permit.release()).toThrow(/released/);
  expect(limiter.peek().limits).toMatchObject({ calls: { used: 0 }, slots: { used: 0 } });
});

test("reserve has its instant now, and records nothing", () => {
  const limiter = createLimiter("1/1m", { clock: manualClock() });
  limiter.tryAcquire();
  limiter.breach();
  expect(granted(limiter.reserve()).wait).toBe(0);
  expect(granted(limiter.reserve()).wait).toBe(0);
  expect(limiter.peek().limits["1/1m"]!.used).toBe(1);
});

test("explain says so", () => {
  const limiter = createLimiter("1/1m", { clock: manualClock() });
  limiter.tryAcquire();
  limiter.breach();
  const { limit, forecast } = limiter.explain();
  expect([limit, forecast]).toEqual([undefined, 0]);
});

test("in this limiter only", () => {
  const [one, other] = [1, 2].map(() => createLimiter("1/1m", { clock: manualClock() }));
  for (const limiter of [one!, other!]) limiter.tryAcquire();
  one!.breach();
  expect(one!.tryAcquire().granted).toBe(true);
  expect(other!.tryAcquire().granted).toBe(false);
});

describe("until reset", () => {
  test("of all", async () => {
    const clock = manualClock();
    const limiter = createLimiter("1/1m", { clock });
    limiter.breach();
    limiter.tryAcquire();
    limiter.reset();
    expect(limiter.tryAcquire().granted).toBe(true);
    expect(limiter.tryAcquire().granted).toBe(false);
  });

  test("not of a key", () => {
    const limiter = createLimiter("1/1m", { clock: manualClock() });
    limiter.breach();
    limiter.reset({ key: "a" });
    for (let i = 0; i < 3; i++) expect(limiter.tryAcquire({ key: "a" }).granted).toBe(true);
  });
});

describe("a release of many, which takes several turns", () => {
  /** Time passes with every look at the clock, as it does in a real process. */
  function busy(): ManualClock {
    const clock = manualClock();
    return {
      ...clock,
      now: () => {
        clock.block(0.05);
        return clock.now();
      },
    };
  }

  test("newcomers meanwhile are let through after them", async () => {
    const clock = busy();
    const limiter = createLimiter({ calls: window(1, "1h"), slots: concurrency(1) }, { clock });
    for (const key of ["a", "b"]) limiter.tryAcquire({ key });
    const served: number[] = [];
    for (let i = 0; i < 1000; i++) void limiter.acquire({ key: "a" }).then(() => served.push(i));
    limiter.breach();
    expect(limiter.stats().waiting).toBeGreaterThan(0); // the first slice is over
    const newcomers = ["b", "c", "a"].map((key) => watch(limiter.acquire({ key })));
    await clock.advance("1s");
    expect(served).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect(outcomes(newcomers)).toEqual(["fulfilled", "fulfilled", "fulfilled"]);
    expect(limiter.stats().waiting).toBe(0);
    expect(limiter.peek({ key: "c" }).limits.calls.used).toBe(0);
  });
});
