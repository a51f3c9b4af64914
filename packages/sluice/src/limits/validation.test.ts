// Every number that makes no sense is refused at once, with a code, what was received, and a remedy.
import { describe, expect, test } from "vitest";
import { InvalidOptionError } from "../errors.ts";
import { show } from "../time.ts";
import { concurrency } from "./concurrency/builder.ts";
import { pace } from "./pace/builder.ts";
import { compile } from "./plan.ts";
import { quota } from "./quota/builder.ts";
import { window } from "./window/window.ts";

/** What a call throws; fails when it throws nothing, or something without a code. */
function message(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidOptionError);
    expect((error as InvalidOptionError).code).toBe("INVALID_OPTION");
    return (error as InvalidOptionError).message;
  }
  throw new Error("nothing was thrown");
}

const NO_NUMBER = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  "5",
  null,
  {},
  [5],
  true,
  5n,
  Symbol("5"),
];
const NO_COUNT = [0, -1, 0.5, 1e300, ...NO_NUMBER];
const NOT_ZERO = "Use `blocked` for nothing at all, and `unlimited` for no limit.";
const any = (value: unknown): never => value as never;

describe.each(NO_COUNT.map((wrong) => [wrong]))("a count of %o", (wrong) => {
  test("of an exact window", () => {
    const remedy =
      typeof wrong === "number" && wrong > 1e7 ? "For more, give the window `parts`." : NOT_ZERO;
    expect(message(() => window(any(wrong), "1s"))).toBe(
      `the count of an exact window must be a whole number from 1 to 10000000; got ${show(wrong)}. ${remedy}`,
    );
  });

  test("of a quota", () => {
    expect(message(() => quota(any(wrong), "day"))).toBe(
      `the count of a quota must be a whole number from 1 to ${2 ** 50}; got ${show(wrong)}. ${NOT_ZERO}`,
    );
  });

  test("of slots", () => {
    expect(message(() => concurrency(any(wrong)))).toBe(
      `the slots of concurrency must be a whole number from 1 to 100000; got ${show(wrong)}. ${NOT_ZERO}`,
    );
  });

  test("of a burst", () => {
    expect(message(() => pace("5/s", { burst: any(wrong) }))).toBe(
      `burst of a pace must be a whole number from 1 to 1000000000; got ${show(wrong)}. It is how many may pass at once.`,
    );
  });

  test("of parts", () => {
    expect(message(() => window(5, "1s", { parts: any(wrong) }))).toBe(
      `parts of a window must be a whole number from 1 to 10000; got ${show(wrong)}. 60 suits most.`,
    );
  });
});

test.each([0, -1, 2 ** 50 + 1, 1e300, ...NO_NUMBER].map((wrong) => [wrong]))(
  "a count of %o of a window in parts",
  (wrong) => {
    expect(message(() => window(any(wrong), "1s", { parts: 5 }))).toBe(
      `the count of a window in parts must be above 0 and at most 2^50; got ${show(wrong)}. ${NOT_ZERO}`,
    );
  },
);

test("one part is none", () => {
  expect(message(() => window(5, "1s", { parts: 1 }))).toBe(
    "parts of a window must be 2 or more; got 1.",
  );
});

test.each([-1, 0.5, 1e300, ...NO_NUMBER].map((wrong) => [wrong]))("catchUp of %o", (wrong) => {
  expect(message(() => pace("5/s", { catchUp: any(wrong) }))).toBe(
    `catchUp of a pace must be a whole number from 1 to 1000000000; got ${show(wrong)}. Use 0 for none.`,
  );
});

const NO_DURATION = [0, -1, 1e300, "1", "1 s", "0s", ["1s"], ...NO_NUMBER];

describe.each(NO_DURATION.map((wrong) => [wrong]))("a duration of %o", (wrong) => {
  const rest = `and at most 36525d, in milliseconds or as a text such as "250ms", "2s", "1m", "1h", "1d", "1w"; got ${show(wrong)}.`;

  test("of a window", () => {
    const said = message(() => window(5, any(wrong)));
    expect(said).toBe(`the length of a window must be above 0 ${rest}`);
  });

  test("of a quota", () => {
    const said = message(() => quota(5, any(wrong)));
    expect(said).toBe(
      `the period of a quota ("day", "week", "month", or a duration) must be above 0 ${rest}`,
    );
  });

  test.skipIf(wrong === 0 || wrong === "0s")("of a cooldown and a lease", () => {
    const said = (options: object): string => message(() => concurrency(5, options));
    expect(said({ cooldown: wrong })).toBe(`cooldown of concurrency must be 0 or more ${rest}`);
    expect(said({ lease: wrong })).toBe(`lease of concurrency must be 0 or more ${rest}`);
  });
});

describe("rates of a pace", () => {
  test.each(["", "5", "5/", "/s", "5 per s", "five/s", null, 5, ["5/s"], 5n])(
    "%o is none",
    (wrong) => {
      expect(message(() => pace(any(wrong)))).toBe(
        `a rate is written as a count, a slash and a span, such as "5/s" or "100/1m"; got ${show(wrong)}.`,
      );
    },
  );

  test.each(["0/s", "-5/s", "NaN/s", "Infinity/s", "1e300/s"])("%j has no sound count", (wrong) => {
    expect(message(() => pace(any(wrong)))).toBe(
      `the count of a rate must be above 0; got "${wrong}". Use "blocked" for nothing at all, and "unlimited" for no limit.`,
    );
  });

  test.each(["5/0s", "5/-1s", "5/NaNs", "5/1x", "5/99999999d"])("%j has no sound span", (wrong) => {
    const said = message(() => pace(any(wrong)));
    expect(said).toMatch(/^the span of the rate ".*" must be above 0 and at most 36525d, /);
    expect(said).toContain(`the span of the rate "${wrong}"`);
    expect(said).toContain(`got "${wrong.slice(2)}".`);
  });

  test.each(["100001/s", "1000000/1s", "1/0.009ms"] as const)("%s is too fast", (rate) => {
    const said = message(() => pace(rate));
    expect(said).toMatch(
      /^a pace must leave at least 10 µs between units; \d+ per \d+ µs does not\. Use window\(count, span, \{ parts: 60 \}\) for such rates\.$/,
    );
    expect(said).toContain(rate.split("/")[0]);
  });

  test.each(["100000/s", "1/0.01ms"] as const)("%s is just slow enough", (rate) => {
    expect(pace(rate).kind).toBe("pace");
  });

  test("too slow for its burst to be counted", () => {
    expect(message(() => pace("1/1d", { burst: 100_000 }))).toBe(
      "a burst of 100000 at 1 per 86400000000 µs takes longer than can be counted; use a shorter span or a smaller burst.",
    );
  });

  test("too large for its burst to be counted once the margin is added", () => {
    const since = { now: 0, wall: 0 };
    const limit = pace("1000000/7h", { burst: 1_000_000 });
    expect(message(() => compile(limit, 1, since))).toBe(
      "a burst of 1000000 at 1000000 per 25200000001 µs takes longer than can be counted; use a shorter span or a smaller burst.",
    );
    const { rules } = compile(limit, 50_000, since);
    expect(rules[0]!.limit).toMatchObject({ micros: 504_001, units: 20 });
  });

  test.each(["0.123456789012/s", "0.0000000000001/s"] as const)(
    "%s has too many decimals",
    (rate) => {
      const said = message(() => pace(rate));
      expect(said).toContain("too many decimals");
      expect(said).toContain(String(Number(rate.split("/")[0])));
      expect(said).toContain('such as "1/12d"');
    },
  );
});

describe("terms", () => {
  test.each(["keys", "", null, 0])("per: %j", (wrong) => {
    const said = `must be "key" or "limiter"; got ${show(wrong)}.`;
    expect(message(() => window(5, "1s", { per: any(wrong) }))).toBe(`per of a window ${said}`);
    expect(message(() => pace("5/s", { per: any(wrong) }))).toBe(`per of a pace ${said}`);
    expect(message(() => quota(5, "day", { per: any(wrong) }))).toBe(`per of a quota ${said}`);
    expect(message(() => concurrency(5, { per: any(wrong) }))).toBe(`per of concurrency ${said}`);
  });

  test.each([-1, 1e300, "needed", ...NO_NUMBER].map((wrong) => [wrong]))(
    "defaultCost: %o",
    (wrong) => {
      const said = `must be 0 or more, or "required"; got ${show(wrong)}.`;
      const options = { defaultCost: any(wrong) };
      expect(message(() => window(5, "1s", options))).toBe(`defaultCost of a window ${said}`);
      expect(message(() => pace("5/s", options))).toBe(`defaultCost of a pace ${said}`);
      expect(message(() => quota(5, "day", options))).toBe(`defaultCost of a quota ${said}`);
    },
  );

  test("half a unit only where fractions go", () => {
    const half = { defaultCost: 0.5 };
    expect(message(() => window(5, "1s", half))).toBe(
      "defaultCost of a window must be whole; got 0.5.",
    );
    expect(message(() => quota(5, "day", half))).toBe(
      "defaultCost of a quota must be whole; got 0.5.",
    );
    expect(pace("5/s", half).defaultCost).toBe(0.5);
    expect(window(5, "1s", { parts: 5, ...half }).defaultCost).toBe(0.5);
  });

  test("more than the limit holds can be no default", () => {
    const since = { now: 0, wall: 0 };
    expect(message(() => pace("5/s", { burst: 2, defaultCost: 3 }))).toBe(
      "defaultCost of a pace must fit its burst of 2; got 3.",
    );
    expect(message(() => compile(window(5, "1s", { defaultCost: 6 }), 0, since))).toBe(
      'defaultCost of "5/1s" must fit the limit; got 6, and it holds 5 at the most.',
    );
  });
});

describe("quotas", () => {
  test.each(["", "Mars/Olympus", "Europe", "UTC+25", 5, ["UTC"], 5n])(
    "no time zone: %o",
    (wrong) => {
      expect(message(() => quota(5, "day", { timeZone: any(wrong) }))).toBe(
        `timeZone must be a zone of the IANA database, such as "UTC" or "Europe/Berlin"; got ${show(wrong)}.`,
      );
    },
  );

  test.each([0.5, 1e300, "2026-01-01", ...NO_NUMBER].map((wrong) => [wrong]))(
    "no anchor: %o",
    (wrong) => {
      expect(message(() => quota(5, "1h", { anchor: any(wrong) }))).toBe(
        `anchor of a quota must be a date, or whole milliseconds since the epoch; got ${show(wrong)}.`,
      );
    },
  );

  test("nor an invalid date", () => {
    expect(message(() => quota(5, "1h", { anchor: new Date("soon") }))).toBe(
      "anchor of a quota must be a date, or whole milliseconds since the epoch; got an invalid date.",
    );
  });
});

test("limits are frozen, so that nobody changes them under a limiter", () => {
  for (const limit of [
    window(5, "1s"),
    window(5, "1s", { parts: 5 }),
    pace("5/s"),
    quota(5, "day"),
    concurrency(5),
  ]) {
    expect(Object.isFrozen(limit)).toBe(true);
  }
});
