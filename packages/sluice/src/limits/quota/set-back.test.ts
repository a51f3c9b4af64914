// A wall clock that is set back: no period's quota is given twice as far as the clock can be
// believed, and nobody waits for the old date to come again.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GrowingState } from "../../../test/limits/growing-state.ts";
import { costOf, gapOf, momentAt, type Step, steps } from "../../../test/limits/history.ts";
import { fixedQuotas } from "../../../test/limits/limit-arbitraries.ts";
import type { AnyLimit, Moment } from "../limit.ts";
import { bordersAt } from "./borders.ts";
import { quota } from "./builder.ts";

const HOUR = 3600e6;
const DAY = 24 * HOUR;
const START = 2 ** 50;

/** A state, and its moments by date: the monotonic clock goes on while the wall clock is set. */
class Clocked {
  readonly state: GrowingState;
  #now = START;

  constructor(limit: AnyLimit) {
    this.state = new GrowingState(limit);
  }

  at(date: string, later = 1000): Moment {
    return momentAt((this.#now += later), Date.parse(date) * 1e3 - this.#now);
  }

  /** Takes `cost` at once. */
  take(cost: number, moment: Moment): void {
    expect(this.state.earliest(cost, moment)).toBe(moment.now);
    this.state.commit(cost, moment.now, moment);
  }

  /** How long a cost waits. */
  wait(cost: number, moment: Moment): number {
    return this.state.earliest(cost, moment) - moment.now;
  }
}

describe("by years", () => {
  test("what was used is used up once, and the next day is a new one", () => {
    const clocked = new Clocked(quota(2, "day"));
    clocked.take(2, clocked.at("2026-05-05T12:00:00Z"));
    expect(clocked.wait(1, clocked.at("1970-01-01T12:00:00Z"))).toBe(12 * HOUR);
    const next = clocked.at("1970-01-02T00:00:00Z", 12 * HOUR);
    clocked.take(2, next);
    expect(clocked.wait(1, next)).toBe(DAY);
    clocked.take(2, clocked.at("1970-01-03T05:00:00Z", 29 * HOUR));
  });

  test("the rest of the period is there at once", () => {
    const clocked = new Clocked(quota(10, "month"));
    clocked.take(3, clocked.at("2026-05-05T12:00:00Z"));
    const back = clocked.at("2024-02-10T00:00:00Z");
    expect(clocked.wait(8, back)).toBe(20 * DAY);
    clocked.take(7, back);
    expect(clocked.wait(1, back)).toBe(20 * DAY);
    expect(clocked.state.used(back)).toBe(10);
    expect(clocked.state.idleFrom(back) - back.now).toBe(20 * DAY);
  });

  test("a day that was not used on the way is free when its date comes again", () => {
    const clocked = new Clocked(quota(2, "day"));
    clocked.take(2, clocked.at("2026-05-05T12:00:00Z"));
    clocked.at("2026-05-01T12:00:00Z");
    expect(clocked.wait(2, clocked.at("2026-05-02T12:00:00Z", DAY))).toBe(0);
    expect(clocked.wait(2, clocked.at("2026-05-05T12:00:00Z", 3 * DAY))).toBe(0);
  });

  test("a booking ahead keeps its instant, and the time before it is closed as before", () => {
    const clocked = new Clocked(quota(2, "day"));
    const noon = clocked.at("2026-05-05T12:00:00Z", 0);
    clocked.take(2, noon);
    const booked = clocked.state.earliest(2, noon);
    clocked.state.commit(2, booked, noon);
    const back = clocked.at("1970-01-01T20:00:00Z", 0);
    // Booked twelve hours ahead: that is the morning of the second now.
    expect(clocked.wait(1, back)).toBe(28 * HOUR);
  });

  test("after it was set ahead by mistake: what was used before counts again", () => {
    const clocked = new Clocked(quota(5, "day"));
    clocked.take(3, clocked.at("2026-05-05T12:00:00Z"));
    clocked.take(1, clocked.at("2031-01-01T00:00:00Z"));
    const right = clocked.at("2026-05-05T12:00:01Z");
    expect(clocked.wait(2, right)).toBe(12 * HOUR - 1e6);
    clocked.take(1, right);
  });
});

describe("over one border", () => {
  test("both days count together until the border comes again", () => {
    const clocked = new Clocked(quota(9, "day"));
    clocked.take(4, clocked.at("2026-05-04T23:00:00Z"));
    clocked.take(3, clocked.at("2026-05-05T01:00:00Z"));
    const back = clocked.at("2026-05-04T23:30:00Z");
    expect(clocked.state.used(back)).toBe(7);
    expect(clocked.wait(3, back)).toBe(HOUR / 2);
    clocked.take(2, back);
    expect(clocked.wait(1, back)).toBe(HOUR / 2);
    // The fifth has not been forgotten.
    const again = clocked.at("2026-05-05T00:00:00Z", HOUR / 2);
    expect(clocked.wait(7, again)).toBe(DAY);
    clocked.take(6, again);
  });

  test("and what was made on this side of it can be given back", () => {
    const clocked = new Clocked(quota(9, "day"));
    clocked.take(3, clocked.at("2026-05-05T01:00:00Z"));
    const back = clocked.at("2026-05-04T23:30:00Z");
    clocked.take(6, back);
    clocked.state.refund(2, 6, back.now, back);
    expect(clocked.wait(3, back)).toBe(HOUR / 2);
    clocked.take(2, back);
  });

  test("by a millisecond, as clocks are: the new day's first admissions are its own", () => {
    const clocked = new Clocked(quota(2, "day"));
    clocked.take(2, clocked.at("2026-05-05T00:00:00.000Z"));
    const before = clocked.at("2026-05-04T23:59:59.999Z", 0);
    expect(clocked.wait(2, before)).toBe(1_000 + DAY);
    expect(clocked.wait(2, clocked.at("2026-05-05T00:00:00.001Z"))).toBe(DAY - 1_000);
  });
});

/** Asks while the clock is set back now and then; returns what passed, on the monotonic clock. */
function playBack(
  limit: AnyLimit,
  asked: readonly Step[],
  judge: (state: GrowingState, moment: Moment, passed: readonly (readonly number[])[]) => void,
): void {
  const state = new GrowingState(limit);
  const passed: (readonly number[])[] = [];
  let [now, wallOffset] = [START, 1.7e15];
  for (const step of asked) {
    now += gapOf(limit, step);
    if (step.choice > 7) wallOffset -= gapOf(limit, step) * (step.choice - 7);
    const moment = momentAt(now, wallOffset);
    const cost = costOf(limit, step);
    if (state.earliest(cost, moment) === now) {
      state.commit(cost, now, moment);
      passed.push([now, cost]);
    }
    judge(state, moment, passed);
  }
}

test("by the clock as it is, no present period holds more than its quota", () => {
  fc.assert(
    fc.property(fixedQuotas, steps, (limit, asked) => {
      playBack(limit, asked, (_, moment, passed) => {
        if (passed.at(-1)?.[0] !== moment.now) return;
        const { start } = bordersAt(limit, moment.wall);
        const inside = passed.filter(([at]) => at! + moment.wall - moment.now >= start);
        expect(inside.reduce((sum, [, cost]) => sum + cost!, 0)).toBeLessThanOrEqual(limit.count);
      });
    }),
    { numRuns: 1000 },
  );
});

test("nobody waits longer than for the end of the next period, and what passes goes on to", () => {
  fc.assert(
    fc.property(fixedQuotas, steps, steps, (limit, asked, looks) => {
      const period = limit.period as number;
      playBack(limit, asked, (state, moment) => {
        const { end } = bordersAt(limit, moment.wall);
        const most = state.earliest(limit.count, moment) - moment.now;
        expect(most).toBeLessThanOrEqual(end + period - moment.wall);
        const passes = state.earliest(1, moment);
        for (const step of looks.slice(0, 5)) {
          const now = passes + gapOf(limit, step);
          expect(state.earliest(1, momentAt(now, moment.wall - moment.now))).toBe(now);
        }
      });
    }),
    { numRuns: 300 },
  );
});
