// What a limiter's limits come to: one ring for windows of one cost, margins, places, names.
import { describe, expect, test } from "vitest";
import { concurrency } from "./concurrency/builder.ts";
import type { AnyLimit } from "./limit.ts";
import { pace } from "./pace/builder.ts";
import { compile, type LimitsInput, type Plan } from "./plan.ts";
import { quota } from "./quota/builder.ts";
import { window } from "./window/window.ts";

const since = { now: 5, wall: 7 };

function plan(limits: LimitsInput, margin = 0, base?: LimitsInput): Plan {
  return compile(limits, margin, since, base);
}

describe("windows in one list share a ring", () => {
  test("with all their rates and names", () => {
    const { rules } = plan(["10/1s", "100/1m", "4 at once", "1000/1h"]);
    expect(rules.map(({ names }) => names)).toEqual([
      ["10/1s", "100/1m", "1000/1h"],
      ["4 at once"],
    ]);
    expect(rules[0]!.limit).toMatchObject({
      rates: [
        { count: 10, span: 1e6 },
        { count: 100, span: 60e6 },
        { count: 1000, span: 3600e6 },
      ],
      most: 1000,
      widest: 3600e6,
    });
  });

  test("but not with another scope, another default, or in parts", () => {
    const { rules } = plan([
      window(1, "1s"),
      window(2, "1s", { per: "limiter" }),
      window(3, "1s", { defaultCost: 2 }),
      window(4, "1s", { parts: 4 }) as AnyLimit,
    ]);
    expect(rules.map(({ names }) => names)).toEqual([
      ["1/1s"],
      ["2/1s"],
      ["3/1s"],
      ["4/1s parts 4"],
    ]);
  });

  test("nor with another name, whose cost may differ", () => {
    expect(plan({ a: "10/1s", b: "100/1m" }).rules).toHaveLength(2);
  });
});

test("the same limit twice is told apart by its name", () => {
  expect(plan(["5/s burst 2", "5/s burst 2"]).rules.flatMap(({ names }) => names)).toEqual([
    "5/1s burst 2",
    "5/1s burst 2 #2",
  ]);
});

test("every rule has its own place in the row of its scope, and growing ones a single number", () => {
  const { rules, rowSize, sharedSize } = plan({
    a: pace("1/s"),
    b: window(9, "1s"),
    c: quota(9, "day", { per: "limiter" }),
    d: window(9, "1s", { parts: 3, per: "limiter" }) as AnyLimit,
    e: concurrency(3),
    f: pace("1/s"),
  });
  for (const shared of [false, true]) {
    const size = shared ? sharedSize : rowSize;
    const taken = new Set([0, 1]);
    for (const rule of rules.filter((each) => each.shared === shared)) {
      const next = rules
        .filter((each) => each.shared === shared)
        .map(({ offset }) => offset)
        .filter((offset) => offset > rule.offset);
      const end = Math.min(size, ...next);
      expect(end - rule.offset).toBeGreaterThanOrEqual(1);
      if (rule.grows) expect(end - rule.offset).toBe(1);
      for (let at = rule.offset; at < end; at++) {
        expect(taken.has(at)).toBe(false);
        taken.add(at);
      }
    }
    expect(taken.size).toBe(size);
  }
});

describe("a margin of 50 ms", () => {
  const limitOf = (limit: AnyLimit): AnyLimit => plan(limit, 50_000).rules[0]!.limit;

  test("pads the spans of windows", () => {
    expect(limitOf(window(10, "1s"))).toMatchObject({
      rates: [{ count: 10, span: 1_050_000 }],
      widest: 1_050_000,
    });
    expect(plan(["1/1s", "9/1m"], 50_000).rules[0]!.limit).toMatchObject({
      rates: [{ span: 1_050_000 }, { span: 60_050_000 }],
      widest: 60_050_000,
    });
  });

  test("pads the parts, so that all of them still cover the span", () => {
    const limit = limitOf(window(10, "1s", { parts: 6 }) as AnyLimit);
    expect(limit).toMatchObject({ span: 1_050_000, parts: 6, part: 175_000 });
  });

  test("slows a pace", () => {
    expect(limitOf(pace("4/s"))).toMatchObject({ micros: 262_500, units: 1 });
    expect(limitOf(pace("7/s"))).toMatchObject({ micros: 150_000, units: 1 });
  });

  test("guards the borders of a quota, and leaves slots alone", () => {
    expect(limitOf(quota(3, "day"))).toMatchObject({ guard: 50_000 });
    expect(limitOf(concurrency(3))).toEqual(concurrency(3));
  });
});

describe("the limits of a single key", () => {
  const base = { all: window(9, "1s", { per: "limiter" }), each: window(3, "1s") };

  test("keep what holds under all keys, and bring their own", () => {
    const { rules } = plan({ each: window(5, "1m") }, 0, base);
    expect(rules.map(({ names, shared }) => [names[0], shared])).toEqual([
      ["all", true],
      ["each", false],
    ]);
    expect(rules[1]!.limit).toMatchObject({ rates: [{ count: 5, span: 60e6 }] });
  });

  test("cannot bring their own for all keys", () => {
    const { rules } = plan({ all: window(1, "1h", { per: "limiter" }), each: "5/1m" }, 0, base);
    expect(rules.find(({ shared }) => shared)!.limit).toBe(base.all);
  });

  test("must be a record when the limiter's are one, and a list when they are a list", () => {
    expect(() => plan("5/1m", 0, base)).toThrow(
      'the limits of a key must be a record like the limiter\'s; got "5/1m".',
    );
    expect(() => plan({ a: "5/1m" }, 0, ["1/1s"])).toThrow(
      'the limits of a key must be a limit or a list like the limiter\'s; got {"a":"5/1m"}.',
    );
  });
});

test.each([
  [[], "a limiter needs at least one limit; got none. Use `unlimited` for no limit."],
  [{}, "a limiter needs at least one limit; got none. Use `unlimited` for no limit."],
  [5, "limits must be a limit, a list of limits, or a record of them; got 5."],
  [null, "limits must be a limit, a list of limits, or a record of them; got null."],
  [[5], /^a limit of the list must come from window\(\), .*; got 5\.$/],
  [{ a: null }, /^the limit "a" must come from window\(\), .*; got null\.$/],
])("%j are no limits", (wrong, message) => {
  expect(() => plan(wrong as never)).toThrow(
    expect.objectContaining({
      code: "INVALID_OPTION",
      message: typeof message === "string" ? message : expect.stringMatching(message),
    }),
  );
});

test("default costs are known unless one is required", () => {
  const some = { a: window(5, "1s", { defaultCost: 3 }), b: concurrency(2) };
  expect(plan(some).defaultCosts).toEqual([3, 1]);
  const required = { ...some, c: pace("5/s", { defaultCost: "required" }) };
  expect(plan(required).defaultCosts).toBeUndefined();
});
