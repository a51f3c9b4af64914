import { describe, expect, test } from "vitest";
import { concurrency, createLimiter, pace, window } from "../../src/index.ts";
import { manualClock } from "../../src/testing/index.ts";
import { granted, watch } from "./outcomes.ts";

test("keys: those that have state, until they are idle", async () => {
  const clock = manualClock();
  const limiter = createLimiter("2/10s", { clock });
  for (const key of ["a", "b", ""]) limiter.tryAcquire({ key });
  limiter.peek({ key: "seen" });
  expect(limiter.keys().sort()).toEqual(["", "a", "b"]);
  expect(limiter.stats().keys).toBe(3);
  await clock.advance("5s");
  limiter.tryAcquire({ key: "b" });
  await clock.advance("6s");
  expect(limiter.keys()).toEqual(["b"]);
  await clock.advance("1m");
  expect(limiter.keys()).toEqual([]);
  expect(clock.timers()).toEqual({ active: 0, idle: 0 });
});

test("the sweep forgets nothing that still counts", async () => {
  const clock = manualClock();
  const limiter = createLimiter(
    { calls: window(1, "1m"), slots: concurrency(1, { cooldown: "2m" }) },
    { clock },
  );
  granted(limiter.tryAcquire({ key: "cools" })).release();
  limiter.tryAcquire({ key: "held" });
  await clock.advance("119s");
  expect(limiter.tryAcquire({ key: "cools" }).granted).toBe(false);
  await clock.advance("1h");
  expect(limiter.keys()).toEqual(["held"]);
  expect(limiter.tryAcquire({ key: "held" })).toMatchObject({ limit: "slots" });
});

describe("forget", () => {
  test("a key starts anew, the others stay", () => {
    const limiter = createLimiter("1/1m", { clock: manualClock() });
    for (const key of ["a", "b"]) limiter.tryAcquire({ key });
    limiter.pause("1h", { key: "a" });
    limiter.forget("a");
    expect(limiter.keys()).toEqual(["b"]);
    expect(limiter.tryAcquire({ key: "a" }).granted).toBe(true);
    expect(limiter.tryAcquire({ key: "b" }).granted).toBe(false);
  });

  test("who waits for it goes on at once", async () => {
    const clock = manualClock();
    const limiter = createLimiter("1/1m", { clock });
    limiter.tryAcquire({ key: "a" });
    const calls = [watch(limiter.acquire({ key: "a" })), watch(limiter.acquire({ key: "a" }))];
    limiter.forget("a");
    await clock.advance(0);
    expect(calls.map(({ outcome }) => outcome)).toEqual(["fulfilled", "pending"]);
    await clock.advance("1m");
    expect(calls[1]!.outcome).toBe("fulfilled");
  });

  test("the limiter's own budget stays", () => {
    const limiter = createLimiter(window(2, "1m", { per: "limiter" }), { clock: manualClock() });
    limiter.tryAcquire({ key: "a" });
    limiter.forget("a");
    expect(Object.values(limiter.peek().limits)[0]!.used).toBe(1);
  });

  test("a permit from before does nothing to the new state", () => {
    const limiter = createLimiter(
      { rate: pace("1/m", { burst: 4 }), slots: concurrency(1) },
      { clock: manualClock() },
    );
    const before = granted(limiter.tryAcquire({ key: "a", cost: { rate: 4 } }));
    limiter.forget("a");
    limiter.tryAcquire({ key: "a", cost: { rate: 3 } });
    before.settle({ rate: 0 });
    before.release();
    const { rate, slots } = limiter.peek({ key: "a" }).limits;
    expect([rate.used, slots.used]).toEqual([3, 1]);
  });

  test("an unknown key is none", () => {
    const limiter = createLimiter("1/1m", { clock: manualClock() });
    limiter.forget("never seen");
    expect(limiter.keys()).toEqual([]);
  });
});

test.each(["pause", "pauseUntil", "resume", "cancelWaiting", "reset", "setLimits"] as const)(
  "%s takes no key that is no text",
  (verb) => {
    const limiter = createLimiter("1/1m", { clock: manualClock() });
    const first = { pause: "1s", pauseUntil: Date.UTC(2026, 1), setLimits: "2/1m" };
    const args = verb in first ? [first[verb as keyof typeof first]] : [];
    const call = limiter[verb].bind(limiter) as (...args: unknown[]) => unknown;
    expect(() => call(...args, { key: 7 })).toThrow(/key must be a string; got 7/);
    call(...args, { key: "7" });
  },
);
