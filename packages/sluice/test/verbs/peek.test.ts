import { describe, expect, test } from "vitest";
import { blocked, concurrency, createLimiter, pace, quota, window } from "../../src/index.ts";
import { manualClock } from "../../src/testing/index.ts";
import { codeOf, granted, watch } from "./outcomes.ts";

const START = Date.UTC(2026, 0, 1);

test("takes nothing and writes nothing", () => {
  const limiter = createLimiter("1/1s", { clock: manualClock() });
  const before = limiter.snapshot();
  for (let i = 0; i < 3; i++) expect(limiter.peek({ key: "a" }).granted).toBe(true);
  expect(limiter.snapshot()).toEqual(before);
  expect(limiter.keys()).toEqual([]);
  expect(limiter.stats()).toMatchObject({ admitted: 0, refused: 0 });
});

test("shows used, remaining and the end of each limit by name", async () => {
  const clock = manualClock({ wall: START });
  const limiter = createLimiter(
    {
      exact: window(5, "1m"),
      parts: window(100, "10s", { parts: 10 }),
      even: pace("1/s", { burst: 4 }),
      daily: quota(50, "day"),
      slots: concurrency(3),
    },
    { clock },
  );
  await clock.advance("1s");
  limiter.tryAcquire({ cost: { exact: 2, parts: 30, even: 3, daily: 7, slots: 2 } });
  expect(limiter.peek()).toEqual({
    granted: true,
    limits: {
      exact: { limit: "5/1m", used: 2, remaining: 3, resetAt: START + 61_000 },
      parts: { limit: "100/10s parts 10", used: 30, remaining: 70, resetAt: START + 12_000 },
      even: { limit: "1/1s burst 4", used: 3, remaining: 1, resetAt: START + 4000 },
      daily: { limit: "50/day UTC", used: 7, remaining: 43, resetAt: START + 86_400_000 },
      slots: { limit: "3 at once", used: 2, remaining: 1 },
    },
  });
});

test("shows each rate of a list", async () => {
  const clock = manualClock({ wall: START });
  const limiter = createLimiter(["3/1s", "5/1m"], { clock });
  limiter.tryAcquire({ cost: 3 });
  await clock.advance("1s");
  limiter.tryAcquire();
  expect(limiter.peek().limits).toEqual({
    "3/1s": { limit: "3/1s", used: 1, remaining: 2, resetAt: START + 2000 },
    "5/1m": { limit: "5/1m", used: 4, remaining: 1, resetAt: START + 61_000 },
  });
});

describe("says what tryAcquire would", () => {
  test("when there is no room", () => {
    const limiter = createLimiter("2/1s", { clock: manualClock() });
    limiter.tryAcquire();
    expect(limiter.peek({ cost: 2 })).toMatchObject({
      granted: false,
      limit: "2/1s",
      retryAfter: 1000,
    });
    expect(limiter.peek({ cost: 1 }).granted).toBe(true);
  });

  test("when slots are held", () => {
    const limiter = createLimiter({ slots: concurrency(1) }, { clock: manualClock() });
    const permit = granted(limiter.tryAcquire());
    const look = limiter.peek();
    expect(look).toMatchObject({ granted: false, limit: "slots" });
    expect("retryAfter" in look).toBe(false);
    expect("resetAt" in look.limits.slots).toBe(false);
    permit.release();
    expect(limiter.peek().granted).toBe(true);
  });

  test("when others wait", async () => {
    const clock = manualClock();
    const limiter = createLimiter("5/10s", { clock });
    limiter.tryAcquire({ cost: 3 });
    const head = watch(limiter.acquire({ cost: 5 }));
    const look = limiter.peek();
    const { limit, retryAfter } = look;
    expect(look.granted).toBe(false);
    expect(limiter.tryAcquire()).toMatchObject({ granted: false, limit, retryAfter });
    expect(limiter.peek({ key: "b" }).granted).toBe(true);
    await clock.advance("10s");
    expect(head.outcome).toBe("fulfilled");
  });

  test("when it is paused, blocked, or breached", () => {
    const paused = createLimiter("5/1s", { clock: manualClock() });
    paused.pause("3s");
    expect(paused.peek()).toMatchObject({ granted: false, limit: "pause", retryAfter: 3000 });
    const closed = createLimiter({ none: blocked }, { clock: manualClock() });
    expect(closed.peek()).toMatchObject({ granted: false, limit: "none" });
    const open = createLimiter("1/1s", { clock: manualClock() });
    open.tryAcquire();
    open.breach();
    expect(open.tryAcquire().granted).toBe(true);
    expect(open.peek().granted).toBe(true);
  });
});

test("asks for 1 of what requires a cost, and checks what it is given", () => {
  const limiter = createLimiter(
    { tokens: window(2, "1s", { defaultCost: "required" }) },
    { clock: manualClock() },
  );
  expect(limiter.peek().granted).toBe(true);
  limiter.tryAcquire({ cost: { tokens: 2 } });
  expect(limiter.peek()).toMatchObject({ granted: false, retryAfter: 1000 });
  expect(codeOf(() => limiter.peek({ cost: { tokens: 3 } }))).toBe("COST_IMPOSSIBLE");
  expect(codeOf(() => limiter.peek({ cost: { other: 3 } as never }))).toBe("UNKNOWN_LIMIT");
});
