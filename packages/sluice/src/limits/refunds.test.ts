// Refunds never break the promise: whatever is booked ahead, cancelled and settled for less, what was
// really used at its instant keeps the bound.
import fc from "fast-check";
import { expect, test } from "vitest";
import { GrowingState } from "../../test/limits/growing-state.ts";
import {
  costOf,
  gapOf,
  momentAt,
  probes,
  starts,
  type Step,
  steps,
  walls,
} from "../../test/limits/history.ts";
import { paces, partsWindows, TIMED_LIMITS } from "../../test/limits/limit-arbitraries.ts";
import { breach } from "../../test/limits/promise.ts";
import { capacityOf } from "./algorithm.ts";
import type { AnyLimit } from "./limit.ts";

interface Booking {
  readonly at: number;
  readonly cost: number;
  /** What was really used. */
  units: number;
  settled: boolean;
}

interface Booked {
  readonly state: GrowingState;
  readonly bookings: readonly Booking[];
  readonly now: number;
}

/** Books (ahead, too), cancels what is ahead, and settles what is past, each of them once. */
function book(
  limit: AnyLimit,
  asked: readonly Step[],
  start: number,
  wallOffset: number,
  sizes: (step: Step, most: number) => number,
): Booked {
  const state = new GrowingState(limit);
  const bookings: Booking[] = [];
  let now = start;
  for (const step of asked) {
    now += gapOf(limit, step);
    const moment = momentAt(now, wallOffset);
    const open = bookings.filter(({ settled }) => !settled);
    const one = open[Math.floor(step.fraction * open.length)] ?? open.at(-1);
    if (step.choice < 6 || one === undefined) {
      const cost = sizes(step, capacityOf(limit));
      // Another limit may bind: then it is booked later than this one alone would.
      const late = step.choice === 0 ? gapOf(limit, { ...step, gap: 3 }) : 0;
      const at = state.earliest(cost, moment) + late;
      state.commit(cost, at, moment);
      bookings.push({ at, cost, units: cost, settled: false });
      continue;
    }
    one.settled = true;
    one.units = one.at > now ? 0 : Math.min(one.cost, sizes(step, one.cost)) - (step.choice & 1);
    one.units = Math.max(0, one.units);
    if (one.units < one.cost) state.refund(one.cost - one.units, one.cost, one.at, moment);
  }
  return { state, bookings, now };
}

test.each(TIMED_LIMITS)("%s: what was really used keeps the promise", (_name, limits, share) => {
  fc.assert(
    fc.property(limits, steps, starts, walls, (limit, asked, start, wall) => {
      const wallOffset = wall * 1e3 - start;
      const sizes = (step: Step): number => costOf(limit, step);
      const { bookings } = book(limit, asked, start, wallOffset, sizes);
      expect(breach(limit, bookings, wallOffset)).toBeUndefined();
    }),
    { numRuns: share * 1000 },
  );
});

test.each([
  ["pace", paces],
  ["window in parts", partsWindows],
])("%s: with fractions of a unit too", (_name, limits) => {
  fc.assert(
    fc.property(limits, steps, starts, (limit, asked, start) => {
      const sizes = (step: Step, most: number): number =>
        Math.min(most, (1 + ((step.cost * 7) % (64 * Math.min(most, 9)))) / 64);
      const { bookings } = book(limit, asked, start, 0, sizes);
      const real = bookings.filter(({ units }) => units > 0);
      expect(breach(limit, real)).toBeUndefined();
    }),
    { numRuns: 500 },
  );
});

test.each(TIMED_LIMITS)("%s: a refund gives room, and takes none", (_name, limits, share) => {
  fc.assert(
    fc.property(limits, steps, probes, starts, walls, (limit, asked, looks, start, wall) => {
      const wallOffset = wall * 1e3 - start;
      const sizes = (step: Step): number => costOf(limit, step);
      const { state, bookings, now } = book(limit, asked, start, wallOffset, sizes);
      const moment = momentAt(now, wallOffset);
      for (const { at, cost } of bookings.filter(({ settled }) => !settled)) {
        const after = state.clone();
        after.refund(cost, cost, at, moment);
        for (const step of looks) {
          const asking = costOf(limit, step);
          expect(after.earliest(asking, moment)).toBeLessThanOrEqual(
            state.earliest(asking, moment),
          );
        }
      }
    }),
    { numRuns: share * 150 },
  );
});
