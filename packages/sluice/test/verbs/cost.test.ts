import { describe, expect, test } from "vitest";
import {
  concurrency,
  CostImpossibleError,
  createLimiter,
  type Limiter,
  type LimitsInput,
  pace,
  quota,
  unlimited,
  window,
} from "../../src/index.ts";
import { manualClock } from "../../src/testing/index.ts";
import { codeOf, granted, watch } from "./outcomes.ts";

const all = {
  calls: window(9, "1m"),
  tokens: window(90, "1m", { parts: 6 }),
  slots: concurrency(4),
};

test("a plain number is for every rate, and concurrency takes 1", () => {
  const limiter = createLimiter(all);
  limiter.tryAcquire({ cost: 3 });
  expect(limiter.peek().limits).toMatchObject({
    calls: { used: 3 },
    tokens: { used: 3 },
    slots: { used: 1 },
  });
});

test("by name; what is left out takes its default", () => {
  const limiter = createLimiter({ ...all, tokens: window(90, "1m", { defaultCost: 5 }) });
  limiter.tryAcquire({ cost: { calls: 2 } });
  limiter.tryAcquire({ cost: { slots: 2, tokens: 7 } });
  limiter.tryAcquire({ cost: { tokens: undefined } as never });
  expect(limiter.peek().limits).toMatchObject({
    calls: { used: 2 + 1 + 1 },
    tokens: { used: 5 + 7 + 5 },
    slots: { used: 1 + 2 + 1 },
  });
});

test("a default may be 0, to be settled afterwards", () => {
  const limiter = createLimiter({ tokens: window(10, "1m", { defaultCost: 0 }) });
  const permits = Array.from({ length: 20 }, () => granted(limiter.tryAcquire()));
  permits[0]!.settle(7);
  expect(limiter.peek({ cost: { tokens: 4 } }).granted).toBe(false);
});

describe("a required cost", () => {
  const required = {
    tokens: window(10, "1m", { defaultCost: "required" }),
    calls: window(5, "1m"),
  };

  test("left out it is an error of every verb", async () => {
    const limiter = createLimiter(required) as unknown as Limiter<{ tokens: "1/1s" }>;
    expect(codeOf(() => limiter.tryAcquire())).toBe("INVALID_COST");
    expect(codeOf(() => limiter.tryAcquire({ cost: { calls: 1 } as never }))).toBe("INVALID_COST");
    expect(codeOf(() => limiter.acquireSync())).toBe("INVALID_COST");
    expect(codeOf(() => limiter.reserve())).toBe("INVALID_COST");
    await expect(limiter.acquire()).rejects.toMatchObject({ code: "INVALID_COST" });
    await expect(limiter.run(() => 1)).rejects.toThrow(/tokens/);
    expect(limiter.stats().admitted).toBe(0);
  });

  test("a plain number or its name will do", () => {
    const limiter = createLimiter(required);
    limiter.tryAcquire({ cost: 2 });
    limiter.tryAcquire({ cost: { tokens: 3 } });
    expect(limiter.peek().limits).toMatchObject({ tokens: { used: 5 }, calls: { used: 3 } });
  });
});

describe("zero", () => {
  test("passes freely where nothing is left", async () => {
    const limiter = createLimiter("1/1m", { clock: manualClock() });
    limiter.tryAcquire();
    expect(limiter.tryAcquire({ cost: 0 }).granted).toBe(true);
    expect((await limiter.acquire({ cost: 0 })).waited).toBe(0);
    expect(granted(limiter.reserve({ cost: 0 })).wait).toBe(0);
    expect(limiter.tryAcquire().granted).toBe(false);
  });

  test("of slots takes none, and charges afterwards", () => {
    const limiter = createLimiter(
      { running: concurrency(1), tokens: window(9, "1m") },
      { clock: manualClock() },
    );
    const holder = granted(limiter.tryAcquire());
    const free = granted(limiter.tryAcquire({ cost: { running: 0, tokens: 7 } }));
    expect(limiter.peek().limits.tokens.used).toBe(8);
    free.release();
    expect(limiter.tryAcquire().granted).toBe(false);
    holder.release();
    expect(limiter.tryAcquire().granted).toBe(true);
  });

  test("does not pass a pause", () => {
    const limiter = createLimiter("1/1m", { clock: manualClock() });
    limiter.pause("1s");
    expect(limiter.tryAcquire({ cost: 0 })).toMatchObject({ limit: "pause" });
  });
});

describe("an impossible cost", () => {
  test.each<{ limits: LimitsInput; cost: number | Record<string, number>; limit: string }>([
    { limits: "5/1s", cost: 6, limit: "5/1s" },
    { limits: ["9/1s", "7/1m"], cost: 8, limit: "7/1m" },
    { limits: { w: window(5, "1s", { parts: 5 }) }, cost: 5.5, limit: "w" },
    { limits: { p: pace("9/s", { burst: 2 }) }, cost: 2.01, limit: "p" },
    { limits: { q: quota(5, "day") }, cost: 6, limit: "q" },
    { limits: { c: concurrency(2) }, cost: { c: 3 }, limit: "c" },
    { limits: { u: unlimited, w: "5/1s" }, cost: 6, limit: "w" },
  ])("$cost of $limit", async ({ limits, cost, limit }) => {
    const clock = manualClock();
    const limiter = createLimiter<LimitsInput>(limits, { clock });
    const options = { cost: cost as number };
    expect(() => limiter.tryAcquire(options)).toThrow(CostImpossibleError);
    expect(codeOf(() => limiter.acquireSync(options))).toBe("COST_IMPOSSIBLE");
    expect(codeOf(() => limiter.peek(options))).toBe("COST_IMPOSSIBLE");
    const call = watch(limiter.acquire(options));
    await clock.advance(0);
    expect(call.error).toMatchObject({ code: "COST_IMPOSSIBLE", limit });
    expect((call.error as Error).message).toContain(JSON.stringify(limit));
    expect(limiter.stats().waiting).toBe(0);
  });

  test("what just fits is not", () => {
    const limiter = createLimiter({ w: window(5, "1s"), c: concurrency(2) });
    expect(limiter.tryAcquire({ cost: { w: 5, c: 2 } }).granted).toBe(true);
  });
});

describe("a cost that is none", () => {
  test.each([-1, Number.NaN, Infinity, -Infinity, 2 ** 50, "3", null, 1.5])("%s", (cost) => {
    const limiter = createLimiter({ calls: window(9, "1m") });
    for (const given of [cost, { calls: cost }]) {
      const code = codeOf(() => limiter.tryAcquire({ cost: given as never }));
      expect(["INVALID_COST", "COST_IMPOSSIBLE"]).toContain(code);
    }
    expect(codeOf(() => limiter.tryAcquire({ cost: cost as never }))).toBe("INVALID_COST");
    expect(limiter.peek().limits.calls.used).toBe(0);
  });

  test("fractions go with a pace and with parts", () => {
    const limiter = createLimiter({
      p: pace("1/s", { burst: 2 }),
      w: window(2, "1m", { parts: 2 }),
    });
    for (let i = 0; i < 8; i++) expect(limiter.tryAcquire({ cost: 0.25 }).granted).toBe(true);
    expect(limiter.tryAcquire({ cost: 0.25 }).granted).toBe(false);
  });
});

describe("an unknown limit", () => {
  test("is named, with those that there are", () => {
    const limiter = createLimiter({ calls: window(9, "1m"), slots: concurrency(1) });
    const ask = (): unknown => limiter.tryAcquire({ cost: { call: 1 } as never });
    expect(codeOf(ask)).toBe("UNKNOWN_LIMIT");
    expect(ask).toThrow(/"call".*calls, slots/);
  });

  test("a list has none by name", () => {
    const limiter = createLimiter(["9/1m"]);
    expect(codeOf(() => limiter.tryAcquire({ cost: { "9/1m": 1 } as never }))).toBe(
      "UNKNOWN_LIMIT",
    );
  });
});
