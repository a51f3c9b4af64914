import fc from "fast-check";
import { expect, test } from "vitest";
import { InvalidOptionError } from "./errors.ts";
import { type Duration, formatMicros, show, toMicros, toMillis } from "./time.ts";

/** What a call throws; fails when it throws nothing. */
function thrown(call: () => unknown): InvalidOptionError {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidOptionError);
    return error as InvalidOptionError;
  }
  throw new Error("nothing was thrown");
}

test.each<[Duration, number]>([
  [1, 1_000],
  [0.001, 1],
  [0.0001, 1],
  [250, 250_000],
  [1.5, 1_500],
  [2.007, 2_007],
  [4.035, 4_035],
  [1.0005, 1_001],
  ["250ms", 250_000],
  ["2s", 2_000_000],
  [".5s", 500_000],
  ["0.5s", 500_000],
  ["1.1s", 1_100_000],
  ["2.007ms", 2_007],
  ["1m", 60e6],
  ["1.5h", 5400e6],
  ["1d", 86_400e6],
  ["1w", 604_800e6],
  ["1e3ms", 1e6],
  ["1.5E-1s", 150_000],
  ["36525d", 36_525 * 86_400e6],
])("%s is %d µs", (duration, micros) => {
  expect(toMicros(duration, "x")).toBe(micros);
});

test("whole microseconds survive milliseconds, as a number and as a text", () => {
  const micros = fc.oneof(
    fc.integer({ min: 1, max: 100_000 }),
    fc.maxSafeInteger().map((n) => 1 + (Math.abs(n) % (36_525 * 86_400e6))),
  );
  fc.assert(
    fc.property(micros, (span) => {
      expect(toMicros(formatMicros(span), "x")).toBe(span);
      expect(toMicros(span / 1e3, "x")).toBe(span);
    }),
    { numRuns: 2000 },
  );
});

test("what is no whole microsecond is rounded up", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e9 }), fc.integer({ min: 1, max: 99 }), (span, part) => {
      expect(toMicros(span / 1e3 + part / 1e5, "x")).toBe(span + 1);
    }),
    { numRuns: 500 },
  );
});

test.each<[number, string]>([
  [1, "0.001ms"],
  [1_500, "1.5ms"],
  [1e6, "1s"],
  [1_500_000, "1500ms"],
  [60e6, "1m"],
  [90e6, "90s"],
  [3600e6, "1h"],
  [86_400e6, "1d"],
  [604_800e6, "1w"],
])("%d µs is written %s", (micros, text) => {
  expect(formatMicros(micros)).toBe(text);
});

const WRONG: unknown[] = [
  0,
  -1,
  -0,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  36_525 * 86_400e3 + 1,
  1e300,
  "0s",
  "-1s",
  "1",
  "1 s",
  "s",
  "1sec",
  "1S",
  "NaNs",
  "Infinitys",
  "99999999d",
  "",
  null,
  undefined,
  {},
  [1],
  true,
  ["1s"],
  5n,
  Object.create(null),
];

test.each(WRONG.map((wrong) => [wrong]))("%o is no duration, and the message says so", (wrong) => {
  const error = thrown(() => toMicros(wrong as Duration, "the wait"));
  expect(error.code).toBe("INVALID_OPTION");
  expect(error.message).toBe(
    `the wait must be above 0 and at most 36525d, in milliseconds or as a text such as "250ms", "2s", "1m", "1h", "1d", "1w"; got ${show(wrong)}.`,
  );
});

test("zero is allowed where it makes sense, and nothing below it", () => {
  expect(toMicros(0, "x", 0)).toBe(0);
  expect(toMicros("0s", "x", 0)).toBe(0);
  expect(thrown(() => toMicros(-1, "x", 0)).message).toMatch(
    /^x must be 0 or more and .*; got -1\.$/,
  );
});

test.each([
  [0, 0],
  [1, 1],
  [1_000, 1],
  [1_001, 2],
  [2 ** 50, 1_125_899_906_843],
])("%d µs are %d whole milliseconds, rounded up", (micros, millis) => {
  expect(toMillis(micros)).toBe(millis);
});

test.each<[unknown, string]>([
  ["a", '"a"'],
  [Number.NaN, "NaN"],
  [-0, "0"],
  [5n, "5n"],
  [{ a: 1 }, '{"a":1}'],
  [[1, 2], "[1,2]"],
  [null, "null"],
  [undefined, "undefined"],
  [Symbol("x"), "Symbol(x)"],
  [() => 1, "a function"],
  [new Map(), "an instance of Map"],
  [Object.create(null), "{}"],
  [new Date(0), '"1970-01-01T00:00:00.000Z"'],
  ["redis://u:p@ss@h/0", '"redis://u:***@h/0"'],
  [{ password: "p", url: "redis://:p@h" }, '{"password":"***","url":"redis://:***@h"}'],
  ["k".repeat(10_000), `"${"k".repeat(100)}"… (10000 characters)`],
  [Array.from({ length: 500 }, () => 1), `[${"1,".repeat(99)}1…`],
])("%o is shown as %s", (value, text) => {
  expect(show(value)).toBe(text);
});

test("what cannot be written as JSON is shown all the same", () => {
  const loop: { self?: unknown } = {};
  loop.self = loop;
  expect(show(loop)).toBe("an object");
});
