/** What the types refuse, each beside what happens to those who use none. `tsc` reads this file. */

import { describe, expect, expectTypeOf, test } from "vitest";
import {
  concurrency,
  createLimiter,
  type Duration,
  type Permit,
  pace,
  type Refusal,
  type Reservation,
  window,
} from "../../src/index.ts";
import { codeOf, granted } from "./outcomes.ts";

describe("misspelt durations", () => {
  const limiter = createLimiter("9/1s");

  test("of limits", () => {
    // @ts-expect-error no such unit
    expect(codeOf(() => window(1, "5 seconds"))).toBe("INVALID_OPTION");
    // @ts-expect-error no unit
    expect(codeOf(() => window(1, "5"))).toBe("INVALID_OPTION");
    // @ts-expect-error no such unit
    expect(codeOf(() => concurrency(1, { cooldown: "1min" }))).toBe("INVALID_OPTION");
    // @ts-expect-error a rate is a count per span
    expect(codeOf(() => pace("5 per second"))).toBe("INVALID_OPTION");
    // @ts-expect-error no such unit
    expect(codeOf(() => pace("5/sec"))).toBe("INVALID_OPTION");
  });

  test("of limits as texts", () => {
    // @ts-expect-error no such unit
    expect(codeOf(() => createLimiter("5/minute"))).toBe("INVALID_OPTION");
    // @ts-expect-error no such word
    expect(codeOf(() => createLimiter("5/s bursts 10"))).toBe("INVALID_OPTION");
    // @ts-expect-error no such unit
    expect(codeOf(() => createLimiter(["5/1s", "9/1x"]))).toBe("INVALID_OPTION");
    // @ts-expect-error no such unit
    expect(codeOf(() => createLimiter({ a: "5/1x" }))).toBe("INVALID_OPTION");
  });

  test("of verbs and options", async () => {
    // @ts-expect-error no such unit
    expect(codeOf(() => limiter.pause("5sec"))).toBe("INVALID_OPTION");
    // @ts-expect-error no such unit
    expect(codeOf(() => limiter.reserve({ maxWait: "1hr" }))).toBe("INVALID_OPTION");
    // @ts-expect-error no such unit
    expect(codeOf(() => createLimiter("1/1s", { margin: "5msec" }))).toBe("INVALID_OPTION");
    // @ts-expect-error no such unit
    expect(codeOf(() => createLimiter("1/1s", { ageing: "1sec" }))).toBe("INVALID_OPTION");
    limiter.pause("1h");
    // @ts-expect-error no such unit
    await expect(limiter.acquire({ timeout: "5secs" })).rejects.toMatchObject({
      code: "INVALID_OPTION",
    });
  });

  test("but all of these are durations", () => {
    const good: Duration[] = [5, 0.5, "250ms", "2s", "1.5m", "1h", "1d", "1w"];
    expect(good.map((each) => codeOf(() => window(1, each)))).toEqual(Array(8).fill("nothing"));
  });
});

describe("names of limits", () => {
  const limiter = createLimiter({ calls: window(9, "1s"), slots: concurrency(9) });

  test("in a cost", () => {
    // @ts-expect-error no such limit
    expect(codeOf(() => limiter.tryAcquire({ cost: { call: 1 } }))).toBe("UNKNOWN_LIMIT");
    // @ts-expect-error no such limit
    expect(codeOf(() => limiter.peek({ cost: { call: 1 } }))).toBe("UNKNOWN_LIMIT");
    // @ts-expect-error a list has no names
    expect(codeOf(() => createLimiter(["9/1s"]).tryAcquire({ cost: { a: 1 } }))).toBe(
      "UNKNOWN_LIMIT",
    );
  });

  test("in a settlement", () => {
    const permit = granted(limiter.tryAcquire());
    // @ts-expect-error no such limit
    expect(codeOf(() => permit.settle({ call: 1 }))).toBe("UNKNOWN_LIMIT");
  });

  test("in what peek shows", () => {
    expect(limiter.peek().limits.calls.remaining).toBeGreaterThan(0);
    // @ts-expect-error no such limit
    expect(limiter.peek().limits.call).toBe(undefined);
  });
});

describe("a required cost", () => {
  const limiter = createLimiter({
    tokens: window(99, "1s", { defaultCost: "required" }),
    calls: window(99, "1s"),
  });

  test("left out", () => {
    // @ts-expect-error the cost is missing
    expect(codeOf(() => limiter.tryAcquire())).toBe("INVALID_COST");
    // @ts-expect-error the cost is missing
    expect(codeOf(() => limiter.tryAcquire({ key: "a" }))).toBe("INVALID_COST");
    // @ts-expect-error the required one is missing
    expect(codeOf(() => limiter.tryAcquire({ cost: { calls: 1 } }))).toBe("INVALID_COST");
    // @ts-expect-error the cost is missing
    expect(codeOf(() => limiter.reserve())).toBe("INVALID_COST");
    // @ts-expect-error the cost is missing
    expect(codeOf(() => limiter.acquireSync())).toBe("INVALID_COST");
  });

  test("left out of what waits", async () => {
    // @ts-expect-error the cost is missing
    await expect(limiter.acquire()).rejects.toMatchObject({ code: "INVALID_COST" });
    // @ts-expect-error the cost is missing
    await expect(limiter.run(() => 1)).rejects.toMatchObject({ code: "INVALID_COST" });
  });

  test("given, in a list too", () => {
    expect(limiter.tryAcquire({ cost: { tokens: 3 } }).granted).toBe(true);
    expect(limiter.tryAcquire({ cost: 3 }).granted).toBe(true);
    const list = createLimiter([window(9, "1s", { defaultCost: "required" })]);
    // @ts-expect-error the cost is missing
    expect(codeOf(() => list.tryAcquire())).toBe("INVALID_COST");
    expect(list.tryAcquire({ cost: 2 }).granted).toBe(true);
  });
});

describe("reserve with concurrency", () => {
  test("is no function for the types, and RESERVE_HELD for others", () => {
    const named = createLimiter({ calls: window(9, "1s"), slots: concurrency(1) });
    // @ts-expect-error not with concurrency
    expect(codeOf(() => named.reserve())).toBe("RESERVE_HELD");
    const list = createLimiter([window(9, "1s"), concurrency(1)]);
    // @ts-expect-error not with concurrency
    expect(codeOf(() => list.reserve())).toBe("RESERVE_HELD");
    const single = createLimiter(concurrency(1));
    // @ts-expect-error not with concurrency
    expect(codeOf(() => single.reserve())).toBe("RESERVE_HELD");
  });
});

test("answers are told apart by `granted`", () => {
  const limiter = createLimiter("1/1s");
  const answer = limiter.tryAcquire();
  expectTypeOf(answer).toEqualTypeOf<Permit<number> | Refusal>();
  expectTypeOf(limiter.acquire()).toEqualTypeOf<Promise<Permit<number>>>();
  expectTypeOf(limiter.reserve()).toEqualTypeOf<Reservation<"1/1s"> | Refusal>();
  expectTypeOf(limiter.run(async () => 5)).resolves.toEqualTypeOf<number>();
  expectTypeOf(limiter.wrap((a: string) => a.length)).toEqualTypeOf<
    (a: string) => Promise<number>
  >();
  // @ts-expect-error only a permit can be released
  expect(codeOf(() => limiter.tryAcquire().release())).toBeInstanceOf(TypeError);
  expect(answer.granted ? answer.waited : answer.limit).toBe(0);
});
