import { describe, expect, test } from "vitest";
import {
  concurrency,
  createLimiter,
  type LimitsInput,
  type Permit,
  pace,
  quota,
  unlimited,
  window,
} from "../../src/index.ts";
import { manualClock, type ManualClock } from "../../src/testing/index.ts";
import { codeOf, granted, outcomes, watch } from "./outcomes.ts";

/** How many more pass at once. */
function left(
  limiter: { tryAcquire(o?: { key?: string }): { granted: boolean } },
  key = "",
): number {
  let count = 0;
  while (limiter.tryAcquire({ key }).granted) count++;
  return count;
}

function used(limits: LimitsInput, cost: number, clock: ManualClock) {
  const limiter = createLimiter<LimitsInput>(limits, { clock });
  granted(limiter.tryAcquire({ cost }));
  return limiter;
}

describe("old admissions count as far as they are known", () => {
  test.each<{ from: LimitsInput; to: LimitsInput; rest: number }>([
    { from: "10/1m", to: "6/1m", rest: 2 },
    { from: "10/1m", to: "20/1m", rest: 16 },
    { from: "10/1m", to: "3/1m", rest: 0 },
    { from: "10/1m", to: "8/30s", rest: 4 },
    { from: "10/1m", to: window(8, "1m", { parts: 6 }), rest: 4 },
    { from: window(10, "1m", { parts: 6 }), to: "8/1m", rest: 4 },
    { from: quota(10, "1h"), to: quota(6, "1h"), rest: 2 },
    { from: quota(10, "1h"), to: quota(8, "1d"), rest: 4 },
    { from: pace("10/m", { burst: 10 }), to: pace("10/m", { burst: 6 }), rest: 2 },
    { from: ["10/1m", "20/1h"], to: ["6/1m", "20/1h"], rest: 2 },
  ])("4 of $from, now $to", ({ from, to, rest }) => {
    const limiter = used(from, 4, manualClock());
    limiter.setLimits(to);
    expect(left(limiter)).toBe(rest);
  });

  test("at their own instants", async () => {
    const clock = manualClock();
    const limiter = createLimiter<LimitsInput>("10/1m", { clock });
    limiter.tryAcquire({ cost: 2 });
    await clock.advance("20s");
    limiter.tryAcquire({ cost: 2 });
    await clock.advance("10s");
    limiter.setLimits("3/30s");
    expect(left(limiter)).toBe(1);
    expect(limiter.tryAcquire()).toMatchObject({ retryAfter: 20_000 });
    await clock.advance("20s");
    expect(left(limiter)).toBe(2);
  });

  test("unknown ones of a longer window count as made at the oldest known instant", async () => {
    const clock = manualClock();
    const limiter = createLimiter<LimitsInput>("2/1s", { clock });
    await clock.advance("1s");
    limiter.tryAcquire();
    await clock.advance(500);
    limiter.tryAcquire();
    limiter.setLimits("3/10s");
    expect(limiter.tryAcquire()).toMatchObject({ granted: false, retryAfter: 9500 });
    await clock.advance(9500);
    expect(left(limiter)).toBe(2);
    expect(limiter.tryAcquire()).toMatchObject({ granted: false, retryAfter: 500 });
  });
});

describe("another kind of limit", () => {
  const kinds: { name: string; limits: LimitsInput; wait: number }[] = [
    { name: "a pace", limits: pace("1/s", { burst: 3 }), wait: 1000 },
    { name: "a quota", limits: quota(3, "1h"), wait: 3_600_000 - 30_000 },
    { name: "a window", limits: window(3, "10s"), wait: 10_000 },
    { name: "parts", limits: window(3, "10s", { parts: 10 }), wait: 11_000 },
  ];

  test.each(kinds.slice(0, 2))("$name starts used for keys that have state", async (kind) => {
    const clock = manualClock();
    const limiter = used("9/1m", 1, clock);
    await clock.advance("30s");
    limiter.setLimits(kind.limits);
    expect(limiter.tryAcquire()).toMatchObject({ granted: false, retryAfter: kind.wait });
    expect(left(limiter, "new")).toBe(3);
  });

  test.each(kinds.slice(2))("$name starts used after a pace", async (kind) => {
    const clock = manualClock();
    const limiter = used(pace("1/s"), 1, clock);
    limiter.setLimits(kind.limits);
    const refusal = limiter.tryAcquire();
    expect(refusal.granted).toBe(false);
    await clock.advance(10_000 - 0.001);
    expect(limiter.tryAcquire().granted).toBe(false);
    await clock.advance(1000.001);
    expect(left(limiter)).toBe(3);
    expect(left(limiter, "new")).toBe(3);
  });

  test("what lasts as it was is kept beside it", () => {
    const clock = manualClock();
    const limiter = createLimiter<LimitsInput>({ a: "5/1m", b: "5/1m" }, { clock });
    limiter.tryAcquire({ cost: { a: 3 } });
    limiter.setLimits({ a: "5/1m", b: pace("1/s") });
    expect(limiter.peek().limits).toMatchObject({ a: { used: 3 }, b: { remaining: 0 } });
  });

  test("unlimited forgets, a limit after it starts used", () => {
    const clock = manualClock();
    const limiter = used("5/1m", 5, clock);
    limiter.setLimits(unlimited);
    for (let i = 0; i < 9; i++) expect(limiter.tryAcquire().granted).toBe(true);
    limiter.setLimits("5/1m");
    expect(limiter.tryAcquire()).toMatchObject({ granted: false, retryAfter: 60_000 });
  });
});

describe("a pace", () => {
  test("keeps its debt in units, not in time", async () => {
    const clock = manualClock();
    const limiter = used(pace("1/s", { burst: 4 }), 4, clock);
    limiter.setLimits(pace("10/s", { burst: 4 }));
    expect(limiter.tryAcquire()).toMatchObject({ retryAfter: 100 });
    await clock.advance(400);
    expect(left(limiter)).toBe(4);
    limiter.setLimits(pace("1/m", { burst: 4 }));
    expect(limiter.tryAcquire()).toMatchObject({ retryAfter: 60_000 });
  });
});

describe("slots", () => {
  test("that are held stay held", () => {
    const limiter = createLimiter<LimitsInput>({ s: concurrency(3) }, { clock: manualClock() });
    const permits = [1, 2, 3].map(() => granted(limiter.tryAcquire()));
    limiter.setLimits({ s: concurrency(2) });
    expect(limiter.tryAcquire().granted).toBe(false);
    permits[0]!.release();
    expect(limiter.tryAcquire().granted).toBe(false);
    permits[1]!.release();
    const next = granted(limiter.tryAcquire());
    expect(limiter.tryAcquire().granted).toBe(false);
    permits[2]!.release();
    next.release();
    expect(left(limiter)).toBe(2);
  });

  test("more of them serve those who wait at once", async () => {
    const clock = manualClock();
    const limiter = createLimiter<LimitsInput>(concurrency(1), { clock });
    limiter.tryAcquire();
    const calls = [1, 2, 3].map(() => watch(limiter.acquire()));
    limiter.setLimits(concurrency(3));
    await clock.advance(0);
    expect(outcomes(calls)).toEqual(["fulfilled", "fulfilled", "pending"]);
  });
});

describe("those who wait", () => {
  test("are rejected when their cost became impossible; the others go by the new limits", async () => {
    const clock = manualClock();
    const limiter = used("5/10s", 5, clock);
    const calls = [5, 2, 4, 3].map((cost) => watch(limiter.acquire({ cost })));
    limiter.setLimits("3/5s");
    await clock.advance(0);
    expect(outcomes(calls)).toEqual(["COST_IMPOSSIBLE", "pending", "COST_IMPOSSIBLE", "pending"]);
    expect(limiter.explain()).toMatchObject({ position: 2, forecast: 10_000 });
    await clock.advance("5s");
    expect(outcomes([calls[1]!, calls[3]!])).toEqual(["fulfilled", "pending"]);
    await clock.advance("5s");
    expect(calls[3]!.outcome).toBe("fulfilled");
    expect(limiter.stats().waiting).toBe(0);
  });

  test("go on at once when there is room now", async () => {
    const clock = manualClock();
    const limiter = used("1/1h", 1, clock);
    const calls = [1, 2, 3].map(() => watch(limiter.acquire()));
    limiter.setLimits("3/1h");
    await clock.advance(0);
    expect(outcomes(calls)).toEqual(["fulfilled", "fulfilled", "pending"]);
    limiter.cancelWaiting();
  });

  test("and are let go together hold what they were granted, whatever a listener sets", async () => {
    const clock = manualClock();
    const limiter = createLimiter<LimitsInput>({ a: "4/1s", b: "9/1s" }, { clock });
    for (let i = 0; i < 4; i++) granted(limiter.tryAcquire());
    const took: string[] = [];
    for (let i = 0; i < 8; i++) {
      const note = ({ limits }: Permit): void => {
        took.push(
          Object.entries(limits)
            .map(([name, { cost }]) => `${name} ${cost}`)
            .join(),
        );
      };
      limiter.acquire().then(note, () => undefined);
    }
    let admitted = 0;
    limiter.on("admit", () => {
      if (++admitted === 2) limiter.setLimits({ a: "4/1s" });
    });
    await clock.advance("1s");
    // The head is asked for alone, then the next two at once.
    expect(took).toEqual(["a 1,b 1", "a 1,b 1", "a 1,b 1", "a 1"]);
    limiter.cancelWaiting();
  });

  test("take from a limit that is new what its default says", async () => {
    const clock = manualClock();
    const limiter = createLimiter<LimitsInput>({ a: "5/10s" }, { clock });
    limiter.tryAcquire({ cost: { a: 3 } });
    const calls = [5, 3, 1].map((a) => watch(limiter.acquire({ cost: { a } })));
    limiter.setLimits({ a: "4/10s", slots: concurrency(2) });
    await clock.advance("10s");
    expect(outcomes(calls)).toEqual(["COST_IMPOSSIBLE", "fulfilled", "fulfilled"]);
    expect(limiter.peek().limits).toMatchObject({ a: { used: 4 }, slots: { used: 2 } });
  });
});

describe("of one key", () => {
  test("holds for that key, until the limits of all are set", () => {
    const clock = manualClock();
    const limiter = used("5/1m", 1, clock);
    limiter.setLimits("2/1m", { key: "a" });
    expect([left(limiter, "a"), left(limiter, "b")]).toEqual([2, 5]);
    limiter.setLimits("6/1m");
    expect([left(limiter, "a"), left(limiter, "b"), left(limiter)]).toEqual([4, 1, 5]);
  });

  test("keeps the limits of the limiter", () => {
    const limiter = createLimiter<LimitsInput>(
      { all: window(3, "1m", { per: "limiter" }), each: window(1, "1m") },
      { clock: manualClock() },
    );
    limiter.setLimits({ each: window(9, "1m") }, { key: "a" });
    expect(left(limiter, "a")).toBe(3);
  });

  test("must be written like the limiter's", () => {
    const limiter = createLimiter<LimitsInput>({ a: "5/1m" });
    expect(codeOf(() => limiter.setLimits("5/1m", { key: "a" }))).toBe("INVALID_OPTION");
  });
});

describe("permits from before", () => {
  test("settle against the limits of now, without undoing what came since", async () => {
    const clock = manualClock();
    const limiter = createLimiter<LimitsInput>("10/1s", { clock });
    const before = granted(limiter.tryAcquire({ cost: 5 }));
    await clock.advance(100);
    limiter.setLimits(pace("1/s", { burst: 2 }));
    await clock.advance("5s");
    expect(left(limiter)).toBe(2);
    before.settle(1);
    expect(limiter.tryAcquire().granted).toBe(false);
  });

  test("release their slots", () => {
    const limiter = createLimiter<LimitsInput>(
      { s: concurrency(1), w: "9/1s" },
      { clock: manualClock() },
    );
    const before = granted(limiter.tryAcquire());
    limiter.setLimits({ s: concurrency(2), w: pace("9/s", { burst: 9 }) });
    limiter.setLimits({ s: concurrency(1), w: "9/1s" });
    expect(limiter.peek().limits["s"]!.used).toBe(1);
    before.release();
    expect(limiter.peek().limits["s"]!.used).toBe(0);
  });

  test("of an acquire in the same turn", async () => {
    const clock = manualClock();
    const limiter = createLimiter<LimitsInput>(window(3, "10s", { per: "limiter" }), { clock });
    await limiter.acquire();
    limiter.setLimits(window(2, "10s", { per: "limiter" }));
    expect(limiter.tryAcquire().granted).toBe(true);
    await clock.advance(0);
    expect(limiter.tryAcquire()).toMatchObject({ granted: false, retryAfter: 10_000 });
  });
});

test("limits that make no sense change nothing", () => {
  const limiter = used("2/1m", 1, manualClock());
  expect(codeOf(() => limiter.setLimits("0/1m"))).toBe("INVALID_OPTION");
  expect(codeOf(() => limiter.setLimits([]))).toBe("INVALID_OPTION");
  expect(left(limiter)).toBe(1);
});
