import { createLimiter, type PaceLimit, parseLimit } from "sluice";
import { manualClock, worstWindow } from "sluice/testing";
import { expect, test } from "vitest";
import { withCatchUp } from "./catch-up.ts";

const catchUpOf = (text: string, margin: number): number => {
  const limit = withCatchUp(parseLimit(text), margin);
  return limit.kind === "pace" ? limit.catchUp : Number.NaN;
};

test.each([
  ["2000/s even", 50, 31],
  ["500/s even", 50, 7],
  ["50/s even", 50, 1],
  ["20/s even", 50, 0], // one unit in 1.05 s is too few to share
  ["500/s even", 0, 0],
  ["500/s even catchUp 2", 50, 2],
  ["1/12d even", 50, 0],
])("%s with a margin of %i ms may catch up %i", (text, margin, catchUp) => {
  expect(catchUpOf(text, margin)).toBe(catchUp);
});

test("windows are as they were", () => {
  const limit = parseLimit("50/s");
  expect(withCatchUp(limit, 50)).toBe(limit);
});

test.each(["2000/s even", "500/s even", "50/s even"])(
  "%s: a loop that is late again and again keeps nearly all of the rate, and no window has more",
  async (text) => {
    const clock = manualClock();
    const limit = withCatchUp(parseLimit(text), 50);
    const { count } = limit as PaceLimit;
    const limiter = createLimiter(limit, { clock, margin: "50ms" });
    const admissions: { at: number; units: number }[] = [];
    for (let row = 0; row < 4 * count; row += 1) {
      void limiter.acquire().then(() => admissions.push({ at: clock.now(), units: 1 }));
    }
    for (let turn = 0; admissions.length < 4 * count; turn += 1) {
      clock.block(turn % 100 === 0 ? 9 : 0.9);
      await clock.advance(0.1);
    }
    expect(worstWindow(admissions, 1e6).units).toBeLessThanOrEqual(count);
    const took = admissions.at(-1)!.at / 1e6;
    expect((4 * count - 1) / count / took).toBeGreaterThan(0.99 / 1.05);
  },
);
