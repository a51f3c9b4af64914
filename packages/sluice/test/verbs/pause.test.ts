import { describe, expect, test } from "vitest";
import { concurrency, createLimiter, pace, window } from "../../src/index.ts";
import { manualClock } from "../../src/testing/index.ts";
import { codeOf, granted, outcomes, watch } from "./outcomes.ts";

const START = Date.UTC(2026, 0, 1);

describe("the whole limiter", () => {
  test("nothing passes until it ends, for any key", async () => {
    const clock = manualClock();
    const limiter = createLimiter("5/1s", { clock });
    limiter.pause("30s");
    for (const key of ["a", "b"]) {
      expect(limiter.tryAcquire({ key })).toMatchObject({ limit: "pause", retryAfter: 30_000 });
    }
    expect(limiter.keys()).toEqual([]);
    await clock.advance(29_999);
    expect(limiter.tryAcquire().granted).toBe(false);
    await clock.advance(1);
    expect(limiter.tryAcquire().granted).toBe(true);
  });

  test("every waiter obeys, and goes on in its order", async () => {
    const clock = manualClock();
    const limiter = createLimiter("2/1s", { clock });
    for (const key of ["a", "b"]) limiter.tryAcquire({ key, cost: 2 });
    const served: string[] = [];
    for (const name of ["a1", "b1", "a2", "a3"]) {
      void limiter
        .acquire({ key: name[0]! })
        .then(() => served.push(`${name} ${clock.now() / 1e6}`));
    }
    await clock.advance(500);
    limiter.pause("10s");
    await clock.advance("10s");
    expect(served).toEqual(["a1 10.5", "b1 10.5", "a2 10.5"]);
    await clock.advance("1s");
    expect(served[3]).toBe("a3 11.5");
  });

  test("newcomers keep their order over keys too", async () => {
    const clock = manualClock();
    const limiter = createLimiter(window(1, "1s", { per: "limiter" }), { clock });
    limiter.pause("5s");
    const served: string[] = [];
    for (const key of ["c", "a", "b"]) {
      clock.block(1);
      void limiter.acquire({ key }).then(() => served.push(key));
    }
    await clock.advance("7s");
    expect(served).toEqual(["c", "a", "b"]);
  });

  test("a release during it lets nobody pass", async () => {
    const clock = manualClock();
    const limiter = createLimiter(concurrency(1), { clock });
    const permit = granted(limiter.tryAcquire());
    const waiting = watch(limiter.acquire());
    limiter.pause("1m");
    permit.release();
    await clock.advance(59_999);
    expect(waiting.outcome).toBe("pending");
    await clock.advance(1);
    expect(waiting.outcome).toBe("fulfilled");
  });
});

describe("a key", () => {
  test("only that key", async () => {
    const clock = manualClock();
    const limiter = createLimiter("5/1s", { clock });
    limiter.pause("3s", { key: "a" });
    expect(limiter.tryAcquire({ key: "a" })).toMatchObject({ limit: "pause", retryAfter: 3000 });
    expect(limiter.tryAcquire({ key: "b" }).granted).toBe(true);
    const waiting = watch(limiter.acquire({ key: "a" }));
    await clock.advance("3s");
    expect(waiting.outcome).toBe("fulfilled");
  });

  test("which blocks no other key of the limiter's line", async () => {
    const clock = manualClock();
    const limiter = createLimiter(window(1, "1s", { per: "limiter" }), { clock });
    limiter.tryAcquire();
    const paused = watch(limiter.acquire({ key: "a" }));
    const other = watch(limiter.acquire({ key: "b" }));
    limiter.pause("1m", { key: "a" });
    await clock.advance("1s");
    expect(outcomes([paused, other])).toEqual(["pending", "fulfilled"]);
    await clock.advance("1m");
    expect(paused.outcome).toBe("fulfilled");
  });
});

describe("the longer one wins", () => {
  test("of two pauses", () => {
    const limiter = createLimiter("5/1s", { clock: manualClock() });
    limiter.pause("10s");
    limiter.pause("2s");
    expect(limiter.tryAcquire()).toMatchObject({ retryAfter: 10_000 });
    limiter.pause("20s");
    expect(limiter.tryAcquire()).toMatchObject({ retryAfter: 20_000 });
  });

  test("of the key's and the limiter's", () => {
    const limiter = createLimiter("5/1s", { clock: manualClock() });
    limiter.pause("10s", { key: "a" });
    limiter.pause("5s");
    expect(limiter.tryAcquire({ key: "a" })).toMatchObject({ retryAfter: 10_000 });
    expect(limiter.tryAcquire({ key: "b" })).toMatchObject({ retryAfter: 5000 });
  });

  test("of a pause and the limits", () => {
    const limiter = createLimiter("1/1m", { clock: manualClock() });
    limiter.tryAcquire();
    limiter.pause("10s");
    expect(limiter.tryAcquire()).toMatchObject({ limit: "1/1m", retryAfter: 60_000 });
  });
});

describe("resume", () => {
  test("lets those who wait go on at once", async () => {
    const clock = manualClock();
    const limiter = createLimiter("2/1s", { clock });
    limiter.pause("1h");
    const calls = ["a", "a", "b", "a"].map((key) => watch(limiter.acquire({ key })));
    await clock.advance("1s");
    limiter.resume();
    await clock.advance(0);
    expect(outcomes(calls)).toEqual(["fulfilled", "fulfilled", "fulfilled", "pending"]);
    limiter.cancelWaiting();
  });

  test("of a key opens the key alone, and of all only what was closed for all", () => {
    const limiter = createLimiter("9/1s", { clock: manualClock() });
    limiter.pause("1m");
    limiter.pause("1m", { key: "a" });
    limiter.resume({ key: "a" });
    expect(limiter.tryAcquire({ key: "a" }).granted).toBe(false);
    limiter.pause("1m", { key: "a" });
    limiter.resume();
    expect(limiter.tryAcquire({ key: "b" }).granted).toBe(true);
    expect(limiter.tryAcquire({ key: "a" }).granted).toBe(false);
    limiter.resume({ key: "a" });
    expect(limiter.tryAcquire({ key: "a" }).granted).toBe(true);
  });

  test("does nothing when nothing is paused", () => {
    const limiter = createLimiter("1/1s", { clock: manualClock() });
    limiter.resume();
    limiter.resume({ key: "a" });
    expect(limiter.tryAcquire({ key: "a" }).granted).toBe(true);
    expect(limiter.tryAcquire({ key: "a" }).granted).toBe(false);
  });
});

describe("pauseUntil", () => {
  test.each([new Date(START + 5000), START + 5000])("%o", (date) => {
    const limiter = createLimiter("9/1s", { clock: manualClock({ wall: START }) });
    limiter.pauseUntil(date);
    expect(limiter.tryAcquire()).toMatchObject({ limit: "pause", retryAfter: 5000 });
    limiter.pauseUntil(START + 1000);
    expect(limiter.tryAcquire()).toMatchObject({ retryAfter: 5000 });
  });

  test("of a key", () => {
    const limiter = createLimiter("9/1s", { clock: manualClock({ wall: START }) });
    limiter.pauseUntil(START + 2500, { key: "a" });
    expect(limiter.tryAcquire({ key: "a" })).toMatchObject({ retryAfter: 2500 });
    expect(limiter.tryAcquire({ key: "b" }).granted).toBe(true);
  });

  test("in the past does nothing", () => {
    const limiter = createLimiter("9/1s", { clock: manualClock({ wall: START }) });
    limiter.pauseUntil(START - 1);
    expect(limiter.tryAcquire().granted).toBe(true);
  });

  test("of the latest date is told, saved and restored", () => {
    const clock = manualClock({ wall: START });
    const limiter = createLimiter("9/1s", { clock });
    const last = Date.UTC(2255, 0);
    limiter.pauseUntil(last);
    const copy = createLimiter("9/1s", { clock });
    copy.restore(limiter.snapshot());
    for (const each of [limiter, copy]) {
      expect(each.tryAcquire()).toMatchObject({ limit: "pause", retryAfter: last - START });
    }
  });

  test.each([
    Number.NaN,
    Number.MAX_VALUE,
    Date.UTC(2255, 0) + 1,
    -1,
    new Date("nonsense"),
    "soon",
  ])("%o is refused", (date) => {
    const limiter = createLimiter("9/1s");
    expect(codeOf(() => limiter.pauseUntil(date as never))).toBe("INVALID_OPTION");
    expect(limiter.tryAcquire().granted).toBe(true);
  });
});

test("a pause keeps the rate: no rush when it ends", async () => {
  const clock = manualClock();
  const limiter = createLimiter(pace("1/s"), { clock });
  limiter.pause("10s");
  const served: number[] = [];
  for (let i = 0; i < 3; i++) void limiter.acquire().then(() => served.push(clock.now() / 1e6));
  await clock.advance("15s");
  expect(served).toEqual([10, 11, 12]);
});

test.each([-1, Number.NaN, "10 s"])("a pause of %s is refused", (duration) => {
  const limiter = createLimiter("9/1s");
  expect(codeOf(() => limiter.pause(duration as never))).toBe("INVALID_OPTION");
});
