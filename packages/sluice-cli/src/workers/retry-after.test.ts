import { expect, test } from "vitest";
import { retryAfterOf } from "./retry-after.ts";

const wall = Date.UTC(2026, 0, 1);

test.each([
  ["a number of milliseconds", { retryAfter: 1500 }, 1500],
  ["a duration", { retryAfter: "30s" }, 30_000],
  ["seconds in a header", { headers: new Headers({ "Retry-After": "7" }) }, 7_000],
  ["a date in a header", { headers: { "retry-after": "Thu, 01 Jan 2026 00:00:09 GMT" } }, 9_000],
  [
    "a header of the response",
    { response: { headers: new Headers({ "retry-after": "2" }) } },
    2_000,
  ],
  ["a number in a header", { headers: { "Retry-After": 3 } }, 3_000],
  ["no more than a day of milliseconds", { retryAfter: 1e18 }, 86_400_000],
  ["no more than a day of seconds", { headers: { "retry-after": "999999999999999" } }, 86_400_000],
  ["no date beyond a day", { headers: { "retry-after": "Thu, 01 Jan 2099 00:00:09 GMT" } }, 864e5],
  ["the error before its headers", { retryAfter: 5, headers: { "retry-after": "9" } }, 5],
])("reads %s", (_what, error, ms) => {
  expect(retryAfterOf(Object.assign(new Error("429"), error), wall)).toBe(ms);
});

test.each([
  ["nothing", {}],
  ["zero", { retryAfter: 0 }],
  ["a negative number", { retryAfter: -5 }],
  ["NaN", { retryAfter: Number.NaN }],
  ["a text that is no duration", { retryAfter: "soon" }],
  ["a date that has passed", { headers: { "retry-after": "Thu, 01 Jan 2025 00:00:00 GMT" } }],
  ["a header that is no date", { headers: { "retry-after": "soon" } }],
  ["a response that is null", { response: null }],
])("%s says nothing", (_what, error) => {
  expect(retryAfterOf(Object.assign(new Error("429"), error), wall)).toBeUndefined();
});

test.each([["a text"], [undefined], [null], [42]])(
  "%s is no error that says anything",
  (thrown) => {
    expect(retryAfterOf(thrown, wall)).toBeUndefined();
  },
);

test("a getter that throws says nothing", () => {
  const error = {
    get retryAfter(): never {
      throw new Error("no");
    },
  };
  expect(retryAfterOf(error, wall)).toBeUndefined();
});
