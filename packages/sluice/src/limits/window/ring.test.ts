// The exact window, in numbers.
import { describe, expect, test } from "vitest";
import { GrowingState } from "../../../test/limits/growing-state.ts";
import { momentAt } from "../../../test/limits/history.ts";
import { grownSize } from "../growth.ts";
import { NEVER, type WindowLimit } from "../limit.ts";
import { compile } from "../plan.ts";
import { RING_HEADER } from "./ring.ts";
import { window } from "./window.ts";

const SECOND = 1_000_000;
const START = 2 ** 50;

/** Commits costs at given times, in milliseconds since the start. */
function after(
  limit: WindowLimit,
  ...commits: readonly (readonly [ms: number, cost: number])[]
): GrowingState {
  const state = new GrowingState(limit);
  for (const [ms, cost] of commits) {
    const now = START + ms * 1e3;
    state.commit(cost, now, momentAt(now, 0));
  }
  return state;
}

/** When a cost passes, in milliseconds since the start. */
function next(state: GrowingState, cost: number, ms = 0): number {
  return (state.earliest(cost, momentAt(START + ms * 1e3, 0)) - START) / 1e3;
}

const five = window(5, "1s") as WindowLimit;

test("exactly as many in a window, and again when they leave it", () => {
  const state = after(five, [0, 2], [300, 2], [600, 1]);
  expect([1, 2, 3, 4, 5].map((cost) => next(state, cost, 600))).toEqual([
    1000, 1000, 1300, 1300, 1600,
  ]);
  expect(next(state, 1, 999.999)).toBe(1000);
  expect(next(state, 2, 1000)).toBe(1000);
  expect(next(state, 6)).toBe(NEVER);
});

test("several rates: the one that binds", () => {
  const both = compile(["2/1s", "5/10s"], 0, { now: 0, wall: 0 }).rules[0]!.limit as WindowLimit;
  const state = after(both, [0, 2], [1000, 2]);
  expect(next(state, 1, 1000)).toBe(2000);
  expect(next(state, 2, 1000)).toBe(10_000);
  expect(next(state, 3)).toBe(NEVER);
  expect(next(after(both, [0, 2], [1000, 2], [2000, 1]), 1, 5000)).toBe(10_000);
});

test("nobody overtakes what is booked", () => {
  const state = after(five, [0, 3], [1000, 4]);
  expect(next(state, 1, 0)).toBe(1000);
  expect(next(state, 2, 0)).toBe(2000);
});

describe("the ring", () => {
  const sizeOf = (state: GrowingState): number => grownSize(state.limit, state.place) - RING_HEADER;

  test("grows with what must be remembered, and not beyond the count", () => {
    const limit = window(100, "1s") as WindowLimit;
    const state = new GrowingState(limit);
    const sizes: number[] = [];
    for (let i = 0; i < 100; i++) {
      state.commit(1, START + i, momentAt(START + i, 0));
      if (sizes.at(-1) !== sizeOf(state)) sizes.push(sizeOf(state));
    }
    expect(sizes).toEqual([1, 2, 4, 8, 16, 32, 64, 100]);
  });

  test("does not grow when the old ones have left the window", () => {
    const limit = window(100, "1s") as WindowLimit;
    const state = new GrowingState(limit);
    for (let i = 0; i < 500; i++) {
      const now = START + i * 300_000;
      state.commit(1, now, momentAt(now, 0));
    }
    expect(sizeOf(state)).toBe(4);
    expect(next(state, 97, 499 * 300)).toBe(499 * 300 + 100);
  });

  test("keeps what still counts when a booking far ahead is cancelled", () => {
    const limit = window(8, "1s") as WindowLimit;
    const state = after(limit, [0, 4]);
    const moment = momentAt(START, 0);
    // Another limit bound: booked after everything in the ring has left the window.
    state.commit(1, START + 1_500_000, moment);
    state.refund(1, 1, START + 1_500_000, moment);
    expect(next(state, 4)).toBe(0);
    expect(next(state, 5)).toBe(1000);
  });
});

describe("refunds", () => {
  test("take entries of their own instant and no others", () => {
    const state = after(five, [0, 2], [300, 3]);
    state.refund(1, 3, START + 300_000, momentAt(START + 300_000, 0));
    expect([1, 2, 3, 4].map((cost) => next(state, cost, 300))).toEqual([300, 1000, 1000, 1300]);
    state.refund(5, 5, START + 299_999, momentAt(START + 300_000, 0));
    expect(next(state, 2, 300)).toBe(1000);
  });

  test("of two bookings that filled the window leave the old ones in it", () => {
    const two = window(2, "1s") as WindowLimit;
    const state = after(two, [0, 2]);
    const moment = momentAt(START, 0);
    for (let i = 0; i < 2; i++) state.commit(1, START + SECOND, moment);
    for (let i = 0; i < 2; i++) state.refund(1, 1, START + SECOND, moment);
    expect(next(state, 1)).toBe(1000);
    expect(next(state, 2)).toBe(1000);
  });
});

test("a raise moves what is from the instant on, and not what is before or beyond", () => {
  const state = after(window(9, "1s") as WindowLimit, [0, 1], [100, 2], [200, 1]);
  const moment = momentAt(START + 200_000, 0);
  state.commit(1, START + 900_000, moment);
  state.raise(START + 100_000, 3, momentAt(START + 400_000, 0));
  expect(
    state
      .save(moment)
      .slice(1)
      .map((at) => (at - START) / 1e3),
  ).toEqual([0, 400, 400, 400, 900]);
});
