import { describe, expect, test } from "vitest";
import {
  concurrency,
  createLimiter,
  type LimitsInput,
  pace,
  quota,
  window,
} from "../../src/index.ts";
import { manualClock } from "../../src/testing/index.ts";
import { codeOf, granted, outcomes, watch } from "./outcomes.ts";

const RATES: { name: string; limit: LimitsInput }[] = [
  { name: "window", limit: window(6, "1m") },
  { name: "parts", limit: window(6, "1m", { parts: 6 }) },
  { name: "pace", limit: pace("6/m", { burst: 6 }) },
  { name: "quota", limit: quota(6, "1h") },
  { name: "a limiter's window", limit: window(6, "1m", { per: "limiter" }) },
  { name: "several windows", limit: ["6/1m", "8/1h"] },
];

function usedOf(limiter: { peek(): { limits: Record<string, { used: number }> } }): number {
  // In whole units: a pace works its debt off while time goes by.
  return Math.ceil(Object.values(limiter.peek().limits)[0]!.used);
}

describe.each(RATES)("$name", ({ limit }) => {
  test("less: the surplus comes back at once", () => {
    const limiter = createLimiter<LimitsInput>(limit, { clock: manualClock() });
    const permit = granted(limiter.tryAcquire({ cost: 5 }));
    permit.settle(2);
    expect(usedOf(limiter)).toBe(2);
    expect(limiter.tryAcquire({ cost: 4 }).granted).toBe(true);
    expect(limiter.tryAcquire().granted).toBe(false);
  });

  test("nothing: all of it comes back, others keep theirs", () => {
    const limiter = createLimiter<LimitsInput>(limit, { clock: manualClock() });
    const permits = [1, 2, 3].map((cost) => granted(limiter.tryAcquire({ cost })));
    permits[1]!.settle(0);
    expect(usedOf(limiter)).toBe(4);
    permits[0]!.settle(0);
    permits[2]!.settle(1);
    expect(usedOf(limiter)).toBe(1);
  });

  test("the same: nothing changes", () => {
    const limiter = createLimiter<LimitsInput>(limit, { clock: manualClock() });
    granted(limiter.tryAcquire({ cost: 4 })).settle(4);
    expect(usedOf(limiter)).toBe(4);
  });

  test("more: the rest is charged, and nobody waits for it", () => {
    const limiter = createLimiter<LimitsInput>(limit, { clock: manualClock() });
    granted(limiter.tryAcquire({ cost: 2 })).settle(5);
    expect(usedOf(limiter)).toBe(5);
    expect(limiter.tryAcquire({ cost: 2 }).granted).toBe(false);
    expect(limiter.tryAcquire({ cost: 1 }).granted).toBe(true);
  });

  test("of an acquire, in its own turn and after it", async () => {
    const clock = manualClock();
    const limiter = createLimiter<LimitsInput>(limit, { clock });
    const permit = await limiter.acquire({ cost: 6 });
    permit.settle(1);
    await clock.advance(0);
    expect(usedOf(limiter)).toBe(1);
    const second = await limiter.acquire({ cost: 5 });
    clock.block(0.5); // its turn ends later than it was admitted
    await clock.advance(0);
    second.settle(0);
    expect(usedOf(limiter)).toBe(1);
  });

  test("of a tryAcquire in the turn of an acquire", async () => {
    const clock = manualClock();
    const limiter = createLimiter<LimitsInput>(limit, { clock });
    await limiter.acquire();
    clock.block(0.001);
    const permit = granted(limiter.tryAcquire({ cost: 5 }));
    clock.block(0.001);
    await clock.advance(0);
    permit.settle(1);
    expect(usedOf(limiter)).toBe(2);
    expect(limiter.tryAcquire({ cost: 4 }).granted).toBe(true);
  });

  test("what comes back wakes those who wait", async () => {
    const clock = manualClock();
    const limiter = createLimiter<LimitsInput>(limit, { clock });
    const permit = granted(limiter.tryAcquire({ cost: 6 }));
    const calls = [2, 2, 2].map((cost) => watch(limiter.acquire({ cost })));
    permit.settle(1);
    await clock.advance(0);
    expect(outcomes(calls)).toEqual(["fulfilled", "fulfilled", "pending"]);
    limiter.cancelWaiting();
  });
});

describe("more than there is room for", () => {
  test("a window charges the rest at its own earliest instants, in pieces", async () => {
    const clock = manualClock();
    const limiter = createLimiter("3/1s", { clock });
    granted(limiter.tryAcquire()).settle(5);
    // 1 now; a piece of 3 has to wait for it, until 1 s; the last one until 2 s.
    expect(limiter.tryAcquire()).toMatchObject({ retryAfter: 2000 });
    await clock.advance("2s");
    expect(limiter.tryAcquire({ cost: 2 }).granted).toBe(true);
    expect(limiter.tryAcquire().granted).toBe(false);
  });

  test("a pace goes into debt", () => {
    const limiter = createLimiter(pace("1/s", { burst: 4 }), { clock: manualClock() });
    granted(limiter.tryAcquire()).settle(10);
    expect(limiter.tryAcquire()).toMatchObject({ retryAfter: 7000 });
  });

  test("up to 1000 times what the limit holds", () => {
    const limiter = createLimiter("3/1s", { clock: manualClock() });
    const permit = granted(limiter.tryAcquire());
    expect(codeOf(() => permit.settle(3001))).toBe("INVALID_COST");
    permit.settle(3000);
  });

  test("those who wait stand behind the rest", async () => {
    const clock = manualClock();
    const limiter = createLimiter("2/1s", { clock });
    const permit = granted(limiter.tryAcquire({ cost: 2 }));
    const call = watch(limiter.acquire());
    permit.settle(4);
    await clock.advance("1999ms");
    expect(call.outcome).toBe("pending");
    await clock.advance(1);
    expect(call.outcome).toBe("fulfilled");
  });
});

describe("slots", () => {
  test("fewer: they come back before the release", async () => {
    const clock = manualClock();
    const limiter = createLimiter({ slots: concurrency(3) }, { clock });
    const permit = granted(limiter.tryAcquire({ cost: { slots: 3 } }));
    const calls = [watch(limiter.acquire()), watch(limiter.acquire()), watch(limiter.acquire())];
    permit.settle({ slots: 1 });
    await clock.advance(0);
    expect(outcomes(calls)).toEqual(["fulfilled", "fulfilled", "pending"]);
    permit.release();
    await clock.advance(0);
    expect(calls[2]!.outcome).toBe("fulfilled");
  });

  test("more cannot be had", () => {
    const limiter = createLimiter({ slots: concurrency(3) });
    const permit = granted(limiter.tryAcquire());
    expect(codeOf(() => permit.settle({ slots: 2 }))).toBe("INVALID_COST");
    expect(limiter.peek().limits.slots.used).toBe(1);
  });

  test("a plain number does not mean them", () => {
    const limiter = createLimiter({ calls: window(9, "1s"), slots: concurrency(3) });
    granted(limiter.tryAcquire({ cost: { calls: 5, slots: 3 } })).settle(0);
    expect(limiter.peek().limits).toMatchObject({ calls: { used: 0 }, slots: { used: 3 } });
  });
});

test("names left out keep what was taken", () => {
  const limiter = createLimiter({ a: window(9, "1m"), b: window(9, "1m") });
  granted(limiter.tryAcquire({ cost: { a: 5, b: 4 } })).settle({ b: 1 });
  expect(limiter.peek().limits).toMatchObject({ a: { used: 5 }, b: { used: 1 } });
});

test("a surplus that no longer counts gives nothing", async () => {
  const clock = manualClock();
  for (const limit of [window(6, "1m"), window(6, "1m", { parts: 6 }), quota(6, "1m")]) {
    const limiter = createLimiter({ limit }, { clock });
    const permit = granted(limiter.tryAcquire({ cost: 6 }));
    await clock.advance("71s");
    limiter.tryAcquire({ cost: 6 });
    permit.settle(0);
    expect(limiter.tryAcquire().granted).toBe(false);
  }
});

test("a pace gives back only what nobody was promised since", async () => {
  const clock = manualClock();
  const limiter = createLimiter({ limit: pace("1/s", { burst: 2 }) }, { clock });
  const permit = granted(limiter.tryAcquire({ cost: 2 }));
  await clock.advance("1s");
  granted(limiter.tryAcquire());
  permit.settle(0);
  expect(limiter.tryAcquire({ cost: 1 }).granted).toBe(true);
  expect(limiter.tryAcquire({ cost: 1 }).granted).toBe(false);
});

describe("errors", () => {
  test("twice, and after the release", () => {
    const limiter = createLimiter("9/1s");
    const permit = granted(limiter.tryAcquire());
    permit.settle(2);
    expect(codeOf(() => permit.settle(2))).toBe("ALREADY_SETTLED");
    permit.release();
    expect(codeOf(() => permit.settle(2))).toBe("ALREADY_RELEASED");
  });

  test("a listener that is called meanwhile comes second", async () => {
    const clock = manualClock();
    const limiter = createLimiter("2/1s", { clock });
    const permit = granted(limiter.tryAcquire({ cost: 2 }));
    const waiting = watch(limiter.acquire());
    const codes: unknown[] = [];
    limiter.on("admit", () => codes.push(codeOf(() => permit.settle(0))));
    permit.settle(1);
    await clock.advance(0);
    expect([waiting.outcome, codes]).toEqual(["fulfilled", ["ALREADY_SETTLED"]]);
  });

  test.each([-1, 1.5, Number.NaN, Infinity, "2"])("%s is no cost", (actual) => {
    const limiter = createLimiter({ a: window(9, "1m") });
    const permit = granted(limiter.tryAcquire({ cost: { a: 3 } }));
    expect(codeOf(() => permit.settle(actual as number))).toBe("INVALID_COST");
    expect(codeOf(() => permit.settle({ b: 1 } as never))).toBe("UNKNOWN_LIMIT");
    expect(limiter.peek().limits.a.used).toBe(3);
    permit.settle({ a: 1 }); // a failed one does not count as the settlement
    expect(limiter.peek().limits.a.used).toBe(1);
  });

  test("one wrong name changes nothing of the others", () => {
    const limiter = createLimiter({ a: window(9, "1m"), b: window(9, "1m") });
    const permit = granted(limiter.tryAcquire({ cost: 5 }));
    expect(codeOf(() => permit.settle({ a: 1, b: -1 }))).toBe("INVALID_COST");
    expect(limiter.peek().limits).toMatchObject({ a: { used: 5 }, b: { used: 5 } });
  });
});

test.each([
  ["more", 1, 10],
  ["less", 9, 2],
])("reset of a key: the limiter's own limits still hear of %s", (_, cost, used) => {
  const limits = { t: window(10, "1m", { per: "limiter" }), k: window(5, "1m") };
  const limiter = createLimiter(limits, { clock: manualClock() });
  const permit = limiter.tryAcquire({ key: "a", cost: { t: cost, k: 1 } });
  if (!permit.granted) throw new Error("refused");
  limiter.reset({ key: "a" });
  permit.settle({ t: used, k: 4 });
  expect(limiter.peek({ key: "a" }).limits).toMatchObject({ t: { used }, k: { used: 0 } });
});
