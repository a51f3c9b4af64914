// The pace, in numbers.
import { describe, expect, test } from "vitest";
import { GrowingState } from "../../../test/limits/growing-state.ts";
import { momentAt } from "../../../test/limits/history.ts";
import { NEVER } from "../limit.ts";
import { pace } from "./builder.ts";

const START = 2 ** 50;
const now = momentAt(START, 0);

/** Books units one after another at their earliest instants, in microseconds since the start. */
function book(state: GrowingState, many: number, cost = 1, moment = now): number[] {
  return Array.from({ length: many }, () => {
    const at = state.earliest(cost, moment);
    state.commit(cost, at, moment);
    return at - START;
  });
}

test("one after another at the interval", () => {
  expect(book(new GrowingState(pace("5/s")), 4)).toEqual([0, 200_000, 400_000, 600_000]);
});

test("a burst at once, then at the interval, and a burst again after idling", () => {
  const state = new GrowingState(pace("5/s", { burst: 3 }));
  expect(book(state, 5)).toEqual([0, 0, 0, 200_000, 400_000]);
  const later = momentAt(START + 800_000, 0);
  expect(book(state, 3, 1, later)).toEqual([800_000, 800_000, 1_000_000]);
  const idle = momentAt(START + 10_000_000, 0);
  expect(book(state, 4, 1, idle)).toEqual([10_000_000, 10_000_000, 10_000_000, 10_200_000]);
});

test("an interval that is no whole microsecond is rounded up at each instant, and never adds up", () => {
  const state = new GrowingState(pace("7/s", { burst: 8 }));
  const instants = book(state, 22);
  const due = instants.map((_, i) => Math.ceil((Math.max(0, i - 7) * 1e6) / 7));
  expect(instants).toEqual(due);
  expect(instants.at(-1)).toBe(2_000_000);
});

test("rounding costs no unit of a burst", () => {
  const state = new GrowingState(pace("999983/7h", { burst: 6 }));
  expect(book(state, 6)).toEqual([0, 0, 0, 0, 0, 0]);
  expect(book(state, 1)[0]).toBeGreaterThan(0);
});

test("costs take as many intervals, up to the burst", () => {
  const state = new GrowingState(pace("10/s", { burst: 4 }));
  expect(book(state, 3, 4)).toEqual([0, 400_000, 800_000]);
  // Four units more are owed at 800 ms: half a unit at a time passes when half a unit has room.
  expect(book(state, 2, 0.5)).toEqual([850_000, 900_000]);
  expect(state.earliest(5, now)).toBe(NEVER);
});

describe("catchUp", () => {
  /** How many pass at once for waiters that came at the start, when the loop wakes late. */
  function atOnce(catchUp: number, lateMs: number, burst = 1): number {
    const state = new GrowingState(pace("10/s", { catchUp, burst }));
    const moment = momentAt(START + lateMs * 1e3, 0, START);
    let many = 0;
    while (state.earliest(1, moment) <= moment.now) {
      state.commit(1, moment.now, moment);
      many++;
    }
    return many;
  }

  test("makes up for what was missed, but for no more", () => {
    expect([0, 50, 100, 250, 499, 500, 501, 5000].map((late) => atOnce(5, late))).toEqual([
      1, 1, 2, 3, 5, 6, 6, 6,
    ]);
    expect(atOnce(0, 5000)).toBe(1);
    expect(atOnce(2, 5000, 3)).toBe(5);
  });

  test("stays on the grid on which it began", () => {
    const state = new GrowingState(pace("10/s", { catchUp: 5 }));
    const late = momentAt(START + 250_000, 0, START);
    while (state.earliest(1, late) <= late.now) state.commit(1, late.now, late);
    expect(state.earliest(1, momentAt(START + 260_000, 0, START)) - START).toBe(300_000);
  });

  test("is not for those who did not wait", () => {
    const state = new GrowingState(pace("10/s", { catchUp: 5 }));
    expect(book(state, 3, 1, momentAt(START + 5_000_000, 0))).toEqual([
      5_000_000, 5_100_000, 5_200_000,
    ]);
  });
});

describe("refunds", () => {
  const limit = pace("10/s", { burst: 5 });

  test("of the newest give all of it back", () => {
    const state = new GrowingState(limit);
    book(state, 1, 5);
    state.refund(3, 5, START, now);
    expect(book(state, 4)).toEqual([0, 0, 0, 100_000]);
  });

  test("of an older one no more than later promises do not rest on", () => {
    const state = new GrowingState(limit);
    book(state, 1, 5);
    const later = momentAt(START + 300_000, 0);
    expect(book(state, 1, 3, later)).toEqual([300_000]);
    // Of the five, two were still owed at 300 ms.
    state.refund(5, 5, START, later);
    expect(book(state, 3, 1, later)).toEqual([300_000, 300_000, 400_000]);
  });

  test("a cancelled booking is as if it had not been", () => {
    const state = new GrowingState(limit);
    book(state, 5);
    const [first, second] = [book(state, 1)[0]!, book(state, 1)[0]!];
    state.refund(1, 1, START + second, now);
    expect(state.earliest(1, now) - START).toBe(second);
    state.refund(1, 1, START + first, now);
    expect(state.earliest(1, now) - START).toBe(first);
  });
});

test("large numbers stay exact", () => {
  const state = new GrowingState(pace("1000000/7h", { burst: 1_000_000 }));
  expect(book(state, 2, 1_000_000)).toEqual([0, 7 * 3600e6]);
  expect(book(state, 2)).toEqual([7 * 3600e6 + 25_200, 7 * 3600e6 + 50_400]);
});
