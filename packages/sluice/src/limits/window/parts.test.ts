// The window in parts, in numbers.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GrowingState } from "../../../test/limits/growing-state.ts";
import { costOf, gapOf, momentAt, play, probes, steps } from "../../../test/limits/history.ts";
import { partsWindows } from "../../../test/limits/limit-arbitraries.ts";
import { type AnyLimit, NEVER, type PartsLimit } from "../limit.ts";
import { window } from "./window.ts";

const START = 2 ** 50;

function parts(count: number, span: `${number}ms`, many: number): PartsLimit {
  return window(count, span, { parts: many }) as PartsLimit;
}

function after(
  limit: AnyLimit,
  ...commits: readonly (readonly [ms: number, cost: number])[]
): GrowingState {
  const state = new GrowingState(limit);
  for (const [ms, cost] of commits) {
    const now = START + ms * 1e3;
    state.commit(cost, now, momentAt(now, 0));
  }
  return state;
}

function next(state: GrowingState, cost: number, ms = 0): number {
  return (state.earliest(cost, momentAt(START + ms * 1e3, 0)) - START) / 1e3;
}

test("what a part holds comes back one part late at the most", () => {
  const state = after(parts(10, "1000ms", 10), [0, 4], [150, 3], [990, 2]);
  expect(next(state, 1, 990)).toBe(990);
  // The part of 0 to 100 ms counts for ten more whole parts.
  expect(next(state, 2, 990)).toBe(1100);
  expect(next(state, 5, 990)).toBe(1100);
  expect(next(state, 6, 990)).toBe(1200);
  expect(next(state, 10, 990)).toBe(2000);
  expect(next(state, 11, 990)).toBe(NEVER);
});

test("parts begin with the first admission, not with the clock", () => {
  const state = after(parts(10, "1000ms", 10), [77, 10]);
  expect(next(state, 1, 500)).toBe(1177);
});

test("after a long pause all of it is free, and the parts begin anew", () => {
  const state = after(parts(10, "1000ms", 10), [0, 10], [5033, 10]);
  expect(next(state, 1, 5034)).toBe(6133);
});

test("a span that parts do not divide is covered by rounding them up", () => {
  const limit = parts(10, "1000ms", 7);
  expect(limit.part).toBe(142_858);
  expect(next(after(limit, [0, 10]), 1)).toBe((8 * 142_858) / 1e3);
});

describe("fractions", () => {
  test("add up exactly", () => {
    const limit = parts(1, "1000ms", 4);
    const state = new GrowingState(limit);
    const moment = momentAt(START, 0);
    for (let i = 0; i < 8; i++) {
      expect(state.earliest(0.125, moment)).toBe(START);
      state.commit(0.125, START, moment);
    }
    expect(state.earliest(0.001, moment)).toBe(START + 1_250_000);
  });

  test.each([0.1, 0.3, 1 / 3, 2.7, 1e-7, 123.456, 2 ** 50 - 1, 2 ** 50])(
    "all of %d passes at once",
    (count) => {
      const limit = window(count, "1s", { parts: 10, defaultCost: "required" }) as AnyLimit;
      const state = new GrowingState(limit);
      const moment = momentAt(START, 0);
      expect(state.earliest(count, moment)).toBe(START);
      state.commit(count, START, moment);
      expect(state.earliest(count / 1e6, moment)).toBe(START + 1_100_000);
    },
  );
});

describe("refunds", () => {
  test("go back to their own part, as long as it counts", () => {
    const state = after(parts(10, "1000ms", 10), [0, 4], [450, 6]);
    const moment = momentAt(START + 450_000, 0);
    state.refund(3, 4, START, moment);
    expect(next(state, 3, 450)).toBe(450);
    expect(next(state, 4, 450)).toBe(1100);
    expect(next(state, 5, 450)).toBe(1550 - 50);
  });

  test("come too late for a part that has left", () => {
    const state = after(parts(10, "1000ms", 10), [0, 4], [1100, 10]);
    state.refund(4, 4, START, momentAt(START + 1_100_000, 0));
    expect(next(state, 1, 1100)).toBe(2200);
  });

  test("of fractions leave nothing behind", () => {
    const limit = parts(0.3, "1000ms", 10);
    const state = after(limit, [0, 0.1], [0, 0.2]);
    state.refund(0.1, 0.1, START, momentAt(START, 0));
    state.refund(0.2, 0.2, START, momentAt(START, 0));
    expect(next(state, 0.3)).toBe(0);
  });
});

test("a raise leaves alone what was booked ahead", () => {
  const limit = parts(10, "1000ms", 10);
  const state = after(limit, [0, 6], [0.001, 2]);
  state.commit(4, START + 1_100_000, momentAt(START + 1, 0));
  state.raise(START + 1, 2, momentAt(START + 949_000, 0));
  expect(state.used(momentAt(START + 1_100_000, 0))).toBe(6);
  expect(next(state, 5, 1100)).toBe(2000);
});

describe("a booking ahead that is cancelled", () => {
  /** Books at an instant that another limit would choose, and cancels it again. */
  function bookAndCancel(state: GrowingState, cost: number, ms: number, now = 0): void {
    const [at, moment] = [START + ms * 1e3, momentAt(START + now * 1e3, 0)];
    state.commit(cost, at, moment);
    expect(next(state, 1, now)).toBeGreaterThan(now);
    state.refund(cost, cost, at, moment);
  }

  test.each([150, 950, 1100, 3_600_000])("after %d ms: others pass before it", (ms) => {
    const state = after(parts(10, "1000ms", 10), [0, 4]);
    bookAndCancel(state, 3, ms);
    expect(next(state, 6)).toBe(0);
    expect(next(state, 7)).toBe(1100);
    bookAndCancel(state, 3, ms, 50);
    expect(next(state, 6, 50)).toBe(50);
    expect(next(state, 10, 50)).toBe(1100);
  });

  test("of an empty window leaves it empty", () => {
    const state = new GrowingState(parts(10, "1000ms", 10));
    bookAndCancel(state, 3, 3_600_000);
    expect(next(state, 10)).toBe(0);
  });

  test("others that are booked before it keep their place", () => {
    const state = after(parts(10, "1000ms", 10), [0, 4]);
    const moment = momentAt(START, 0);
    state.commit(2, START + 5_000_000, moment);
    bookAndCancel(state, 3, 9000);
    expect(next(state, 1)).toBe(5000);
    expect(next(state, 9)).toBe(6100);
    state.refund(2, 2, START + 5_000_000, moment);
    // What was lost sight of counts where the newest of it was.
    expect(next(state, 1)).toBeLessThanOrEqual(5000);
  });

  test("it is no way to get round a cold start", () => {
    const state = new GrowingState(parts(10, "1000ms", 10));
    state.startUsed(momentAt(START, 0));
    bookAndCancel(state, 3, 5000);
    expect(next(state, 1)).toBe(1000);
    bookAndCancel(state, 3, 1020);
    expect(next(state, 1)).toBe(1000);
  });

  test("nor those that were put out of the ring by it", () => {
    const state = new GrowingState(parts(1, "0.002ms", 2));
    const moment = momentAt(START, 0);
    for (const at of [0, 3, 6]) state.commit(1, START + at, moment);
    state.refund(1, 1, START + 6, moment);
    state.refund(1, 1, START + 3, moment);
    expect(state.earliest(1, moment)).toBe(START + 6);
  });

  test("of very many the time before them stays closed, since sums must be exact", () => {
    const state = new GrowingState(parts(1, "1000ms", 10));
    const moment = momentAt(START, 0);
    for (let i = 0; i < 9; i++) state.commit(1, START + i * 1_100_000, moment);
    for (let i = 8; i > 0; i--) state.refund(1, 1, START + i * 1_100_000, moment);
    expect(next(state, 1)).toBe(8800);
  });

  test("what its turn admitted before counts when it ran", () => {
    const limit = parts(10, "1000ms", 10);
    const state = after(limit, [0, 6]);
    state.commit(1, START + 9_000_000, momentAt(START, 0));
    const end = momentAt(START + 950_000, 0);
    state.raise(START, 6, end);
    state.refund(1, 1, START + 9_000_000, end);
    expect(next(state, 4, 950)).toBe(950);
    expect(next(state, 5, 1200)).toBe(2000);
  });

  test("what was lost sight of is known to the next limit too", () => {
    const limit = parts(10, "1000ms", 10);
    const state = after(limit, [0, 6]);
    const moment = momentAt(START + 1_000, 0);
    state.commit(1, START + 9_000_000, moment);
    const moved = state.migrate(parts(10, "1000ms", 5), moment);
    moved.refund(1, 1, START + 9_000_000, moment);
    // It may have been booked, too, and be made at the end of its part.
    expect(next(moved, 4, 100)).toBe(100);
    expect(next(moved, 5, 100)).toBe(1299.999);
  });

  test("what fits beside all that counts passes at once, whatever was before", () => {
    fc.assert(
      fc.property(partsWindows, steps, probes, (limit, asked, looks) => {
        const { state, admitted, now } = play(limit, asked, { start: START });
        const moment = momentAt(Math.max(now, admitted.at(-1)?.at ?? 0), 0);
        for (const step of looks) {
          const cost = costOf(limit, step);
          const free = limit.count - state.used(moment);
          const at = state.earliest(cost, moment) + gapOf(limit, step) * (1 + step.choice);
          state.commit(cost, at, moment);
          state.refund(cost, cost, at, moment);
          if (free >= 1) expect(state.earliest(free, moment)).toBe(moment.now);
          expect(state.earliest(limit.count, moment)).toBeLessThanOrEqual(
            moment.now + (limit.parts + 1) * limit.part,
          );
        }
      }),
      { numRuns: 500 },
    );
  });
});
