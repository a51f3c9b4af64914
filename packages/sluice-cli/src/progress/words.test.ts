import { expect, test } from "vitest";
import { count, perTime, span } from "./words.ts";

test("counts, rates and spans as people read them", () => {
  expect([0, 999, 1234567].map(count)).toEqual(["0", "999", "1,234,567"]);
  expect([0, 0.001, 0.5, 98.72, 12_345.6].map(perTime)).toEqual([
    "0.0/s",
    "3.6/h",
    "30.0/m",
    "98.7/s",
    "12,346/s",
  ]);
  expect([0, 249.6, 999.4, 999.9, 2_540, 9_949, 9_951, 59_400, 200_000].map(span)).toEqual([
    "0 ms",
    "250 ms",
    "999 ms",
    "1.0 s",
    "2.5 s",
    "9.9 s",
    "10 s",
    "59 s",
    "3 m 20 s",
  ]);
  expect([3_599_600, 18_420_000, 273_600_000].map(span)).toEqual(["1 h 0 m", "5 h 7 m", "3 d 4 h"]);
});
