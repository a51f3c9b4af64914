/** The options of a limiter that no other file has: margin and start, and what is no option. */

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
import { codeOf, watch } from "./outcomes.ts";

/** When the n-th admission is, in milliseconds. */
async function instants(limits: LimitsInput, count: number, margin: number): Promise<number[]> {
  const clock = manualClock();
  const limiter = createLimiter<LimitsInput>(limits, { clock, margin });
  const times: number[] = [];
  for (let i = 0; i < count; i++) void limiter.acquire().then(() => times.push(clock.now() / 1e3));
  await clock.advance("1h");
  return times;
}

describe("margin", () => {
  test.each<{ limits: LimitsInput; expected: number[] }>([
    { limits: "2/1s", expected: [0, 0, 1050, 1050, 2100] },
    { limits: ["2/1s", "3/1m"], expected: [0, 0, 1050, 60_050, 60_050] },
    { limits: window(2, "1s", { parts: 10 }), expected: [0, 0, 1155, 1155, 2310] },
    { limits: pace("1/s"), expected: [0, 1050, 2100, 3150, 4200] },
    { limits: window(2, "1s", { per: "limiter" }), expected: [0, 0, 1050, 1050, 2100] },
  ])("pads the span of $limits", async ({ limits, expected }) => {
    expect(await instants(limits, 5, 50)).toEqual(expected);
  });

  test("keeps a quota's border clear: nothing so late that it could arrive after it", async () => {
    const clock = manualClock({ wall: Date.UTC(2026, 0, 1, 0, 59, 59, 960) });
    const limiter = createLimiter(quota(2, "1h"), { clock, margin: 50 });
    expect(limiter.tryAcquire()).toMatchObject({ granted: false, retryAfter: 40 });
    await clock.advance(40);
    expect(limiter.tryAcquire().granted).toBe(true);
  });

  test("leaves slots alone, and limits that come later are padded too", async () => {
    const clock = manualClock();
    const limiter = createLimiter<LimitsInput>(
      { s: concurrency(1), w: "9/1s" },
      { clock, margin: 50 },
    );
    const permit = await limiter.acquire();
    permit.release();
    expect((await limiter.acquire()).waited).toBe(0);
    limiter.setLimits({ w: "2/1s" });
    expect(limiter.tryAcquire()).toMatchObject({ limit: "w", retryAfter: 1050 });
  });

  test("limits are called what they were given", () => {
    const limiter = createLimiter("1/1s", { clock: manualClock(), margin: 50 });
    limiter.tryAcquire();
    expect(limiter.tryAcquire()).toMatchObject({ limit: "1/1s", retryAfter: 1050 });
  });

  test.each([-1, Number.NaN, "50 ms"])("of %s is refused", (margin) => {
    expect(codeOf(() => createLimiter("1/1s", { margin: margin as never }))).toBe("INVALID_OPTION");
  });
});

describe('start: "used"', () => {
  test.each<{ limits: LimitsInput; wait: number; rest: number }>([
    { limits: "3/10s", wait: 10_000, rest: 3 },
    { limits: window(3, "10s", { parts: 10 }), wait: 10_000, rest: 3 },
    { limits: pace("1/s", { burst: 3 }), wait: 1000, rest: 1 },
    { limits: quota(3, "1h"), wait: 1_800_000, rest: 3 },
    { limits: window(3, "10s", { per: "limiter" }), wait: 10_000, rest: 3 },
  ])("$limits", async ({ limits, wait, rest }) => {
    const clock = manualClock({ wall: Date.UTC(2026, 0, 1, 0, 30) });
    const limiter = createLimiter<LimitsInput>(limits, { clock, start: "used" });
    expect(limiter.tryAcquire()).toMatchObject({ granted: false, retryAfter: wait });
    await clock.advance(wait - 0.001);
    expect(limiter.tryAcquire().granted).toBe(false);
    await clock.advance(0.001);
    let count = 0;
    while (limiter.tryAcquire().granted) count++;
    expect(count).toBe(rest);
  });

  test("is as if all had been used when the limiter was made, for every key", async () => {
    const clock = manualClock();
    const limiter = createLimiter("3/10s", { clock, start: "used" });
    await clock.advance("4s");
    expect(limiter.tryAcquire({ key: "a" })).toMatchObject({ retryAfter: 6000 });
    const call = watch(limiter.acquire({ key: "b" }));
    await clock.advance("6s");
    expect(call.outcome).toBe("fulfilled");
    await clock.advance("1h");
    expect(limiter.tryAcquire({ key: "late", cost: 3 }).granted).toBe(true);
  });

  test("nobody holds a slot at the start", () => {
    const limiter = createLimiter(concurrency(2), { clock: manualClock(), start: "used" });
    expect(limiter.tryAcquire({ cost: 1 }).granted).toBe(true);
  });

  test("anything else is refused", () => {
    expect(codeOf(() => createLimiter("1/1s", { start: "empty" as never }))).toBe("INVALID_OPTION");
  });
});

describe("what cannot be used is refused when the limiter is made", () => {
  test.each<[option: string, value: unknown, says: RegExp]>([
    ["name", 5, /^name must be a string, .*; got 5\.$/],
    ["limitsFor", 5, /^limitsFor must be a function .*; got 5\. For the same limits/],
    ["limitsFor", "5/s", /^limitsFor must be a function .*; got "5\/s"\. For the same limits/],
    ["clock", {}, /^clock must have .*; got {} without now\. Leave it out/],
    ["clock", Date, /^clock must have .*; got a function without wall\. Leave it out/],
    ["clock", { ...manualClock(), setTimer: 5 }, /^clock must have .* without setTimer\. Leave/],
  ])("%s, case %#", (option, value, says) => {
    const make = (): unknown => createLimiter("1/1s", { [option]: value });
    expect(make).toThrow(
      expect.objectContaining({ code: "INVALID_OPTION", message: expect.stringMatching(says) }),
    );
  });
});
