import { describe, expect, test, vi } from "vitest";
import { concurrency, createLimiter, type LimitsInput, window } from "../../src/index.ts";
import { manualClock } from "../../src/testing/index.ts";
import { codeOf, outcomes, watch } from "./outcomes.ts";

const plans: Record<string, LimitsInput> = { free: "1/1m", paid: "5/1m" };
const limitsFor = (key: string): LimitsInput | undefined => plans[key.split(":")[0]!];

function left(
  limiter: { tryAcquire(o: { key: string }): { granted: boolean } },
  key: string,
): number {
  let count = 0;
  while (limiter.tryAcquire({ key }).granted) count++;
  return count;
}

test("each key has its own limits, or the limiter's", () => {
  const limiter = createLimiter("3/1m", { limitsFor, clock: manualClock() });
  const keys = ["free:1", "free:2", "paid:1", "other"];
  expect(keys.map((key) => left(limiter, key))).toEqual([1, 1, 5, 3]);
  expect(limiter.tryAcquire({ key: "free:1" })).toMatchObject({ limit: "1/1m" });
  expect(codeOf(() => limiter.tryAcquire({ key: "free:3", cost: 2 }))).toBe("COST_IMPOSSIBLE");
  expect(limiter.tryAcquire({ key: "paid:2", cost: 5 }).granted).toBe(true);
});

test("it is asked once for a key, until setLimits", () => {
  const asked = vi.fn(limitsFor);
  const limiter = createLimiter<LimitsInput>("3/1m", { limitsFor: asked, clock: manualClock() });
  for (let i = 0; i < 3; i++) limiter.tryAcquire({ key: "free:1" });
  limiter.peek({ key: "free:1" });
  expect(asked).toHaveBeenCalledTimes(1);
  plans["free"] = "2/1m";
  limiter.setLimits("3/1m");
  expect(left(limiter, "free:1")).toBe(1);
  plans["free"] = "1/1m";
  expect(asked).toHaveBeenCalledTimes(2);
});

describe("limits of the whole limiter", () => {
  test("stay the limiter's, whatever a key has", async () => {
    const clock = manualClock();
    const limiter = createLimiter<LimitsInput>(
      { all: window(4, "1m", { per: "limiter" }), each: window(1, "1m") },
      {
        clock,
        limitsFor: (key) =>
          key === "vip"
            ? { all: window(99, "1m", { per: "limiter" }), each: window(9, "1m") }
            : undefined,
      },
    );
    expect(left(limiter, "vip")).toBe(4);
    expect(limiter.tryAcquire({ key: "a" })).toMatchObject({ limit: "all" });
    const calls = ["a", "vip", "a"].map((key) => watch(limiter.acquire({ key })));
    await clock.advance("1m");
    expect(outcomes(calls)).toEqual(["fulfilled", "fulfilled", "pending"]);
    limiter.cancelWaiting();
  });

  test("slots too", () => {
    const limiter = createLimiter<LimitsInput>(
      { all: concurrency(2, { per: "limiter" }), each: "9/1m" },
      { clock: manualClock(), limitsFor: (key) => (key === "a" ? { each: "8/1m" } : undefined) },
    );
    expect(left(limiter, "a")).toBe(2);
    expect(left(limiter, "b")).toBe(0);
  });
});

describe("what it returns", () => {
  test("must make sense", async () => {
    const limiter = createLimiter("3/1m", { limitsFor: () => "0/1m" as never });
    expect(codeOf(() => limiter.tryAcquire({ key: "a" }))).toBe("INVALID_OPTION");
    await expect(limiter.acquire({ key: "a" })).rejects.toMatchObject({ code: "INVALID_OPTION" });
  });

  test("must be written like the limiter's", () => {
    const limiter = createLimiter({ a: "3/1m" }, { limitsFor: () => "5/1m" });
    expect(codeOf(() => limiter.tryAcquire())).toBe("INVALID_OPTION");
  });

  test("its errors are the caller's", async () => {
    const error = new Error("no plan");
    const limiter = createLimiter("3/1m", {
      limitsFor: () => {
        throw error;
      },
    });
    expect(codeOf(() => limiter.tryAcquire())).toBe(error);
    await expect(limiter.acquire()).rejects.toBe(error);
  });
});
