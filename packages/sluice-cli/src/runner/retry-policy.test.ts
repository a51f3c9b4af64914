import { expect, test } from "vitest";
import { pauseAfter } from "./retry-policy.ts";

const policy = { retries: 8, backoff: 100, maxBackoff: 1_000, random: () => 0.5 };

test("half of the longest pause, which doubles up to the most", () => {
  const pauses = [1, 2, 3, 4, 5, 6].map((failures) => pauseAfter(failures, policy));
  expect(pauses).toEqual([50, 100, 200, 400, 500, 500]);
});

test("from nothing to all of it", () => {
  expect(pauseAfter(2, { ...policy, random: () => 0 })).toBe(0);
  expect(pauseAfter(2, { ...policy, random: () => 0.999 })).toBeCloseTo(199.8);
});

test("not more often than asked", () => {
  expect(pauseAfter(8, policy)).toBe(500);
  expect(pauseAfter(9, policy)).toBeUndefined();
  expect(pauseAfter(1, { ...policy, retries: 0 })).toBeUndefined();
});
