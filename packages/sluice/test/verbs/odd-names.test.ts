/** Limits and keys may be called what they like. */

import { expect, test } from "vitest";
import { createLimiter, type LimitsInput, window } from "../../src/index.ts";
import { manualClock } from "../../src/testing/index.ts";
import { codeOf, granted } from "./outcomes.ts";

const ODD = ["constructor", "toString", "hasOwnProperty", "__proto__", "valueOf"];

test.each(ODD)("a limit named %s", (name) => {
  const limits = JSON.parse(`{ "${name}": "5/1s", "tokens": "10/1s" }`) as LimitsInput;
  const limiter = createLimiter<LimitsInput>(limits, { clock: manualClock() });
  const permit = granted(limiter.tryAcquire({ cost: { tokens: 2 } as never }));
  permit.settle({ tokens: 1 } as never);
  const looks = limiter.peek().limits as Record<string, { used: number }>;
  expect(Object.entries(looks).map(([each, { used }]) => [each, used])).toEqual([
    [name, 1],
    ["tokens", 1],
  ]);
  expect(Object.keys(permit.limits)).toEqual([name, "tokens"]);
});

test.each(ODD)("a key named %s", (key) => {
  const limiter = createLimiter("1/1s", { clock: manualClock() });
  expect(limiter.tryAcquire({ key }).granted).toBe(true);
  expect(limiter.tryAcquire({ key }).granted).toBe(false);
  expect(limiter.keys()).toEqual([key]);
});

test("a limit named kind, or per", () => {
  const clock = manualClock();
  const limits = { kind: "5/1s", per: window(7, "1s") };
  const limiter = createLimiter<LimitsInput>(limits as LimitsInput, { clock });
  expect(Object.keys(limiter.peek().limits)).toEqual(["kind", "per"]);
});

test("what only looks like a limit", () => {
  expect(codeOf(() => createLimiter({ kind: "window", count: 5 } as never))).toBe("INVALID_OPTION");
});
