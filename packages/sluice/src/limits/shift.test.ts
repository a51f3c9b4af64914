// Law 5: a history that begins d later gives answers that are d later; but for quotas, which keep to
// the wall clock.
import fc from "fast-check";
import { expect, test } from "vitest";
import { GrowingState } from "../../test/limits/growing-state.ts";
import { costOf, gapOf, momentAt, play, probes, starts, steps } from "../../test/limits/history.ts";
import { calendarQuotas, fixedQuotas, LIMITS } from "../../test/limits/limit-arbitraries.ts";
import { heldUntil, isHeld } from "./limit.ts";

const shifts = fc.constantFrom(1, 999, 1e6, 2 ** 50);
const SHIFTED = LIMITS.filter(([, limits]) => limits !== fixedQuotas && limits !== calendarQuotas);

function shift(earliest: number, by: number): number {
  return isHeld(earliest) ? -1 - (heldUntil(earliest) + by) : earliest + by;
}

test.each(SHIFTED)(
  "%s: the same history later has the same answers later",
  (_name, limits, share) => {
    fc.assert(
      fc.property(limits, steps, starts, shifts, (limit, asked, start, by) => {
        const sooner = play(limit, asked, { start, delayed: true });
        const later = play(limit, asked, { start: start + by, delayed: true });
        expect(later.admitted).toEqual(
          sooner.admitted.map(({ at, units, until }) => ({
            at: at + by,
            units,
            ...(until === undefined ? {} : { until: until + by }),
          })),
        );
        for (const cost of asked.map((step) => costOf(limit, step))) {
          const there = later.state.earliest(cost, momentAt(later.now, 0));
          expect(there).toBe(shift(sooner.state.earliest(cost, momentAt(sooner.now, 0)), by));
        }
      }),
      { numRuns: share * 250 },
    );
  },
);

test.each(SHIFTED)(
  "%s: so has a saved state that is loaded later or earlier",
  (_name, limits, share) => {
    fc.assert(
      fc.property(limits, steps, probes, shifts, (limit, asked, next, by) => {
        const start = 2 ** 50;
        const { state, now } = play(limit, asked, { start, delayed: true });
        const moment = momentAt(now, 0);
        const free = state.clone();
        // Who holds a slot is taken to have released it at the save.
        for (let ticket = 1; ticket <= asked.length; ticket++) free.refund(5, 5, 0, moment, ticket);
        for (const way of [by, -by / 2]) {
          const d = Math.floor(way);
          const there = GrowingState.load(limit, state.save(moment), d);
          const here = free.clone();
          let time = now;
          for (const [i, step] of next.entries()) {
            time += gapOf(limit, step);
            const cost = costOf(limit, step);
            const at = here.earliest(cost, momentAt(time, 0));
            expect(there.earliest(cost, momentAt(time + d, 0))).toBe(shift(at, d));
            if (isHeld(at) || (limit.kind === "concurrency" && at > time)) continue;
            here.commit(cost, at, momentAt(time, 0), 1000 + i);
            there.commit(cost, at + d, momentAt(time + d, 0), 1000 + i);
          }
        }
      }),
      { numRuns: share * 250 },
    );
  },
);

test.each([
  ["fixed", fixedQuotas, 250],
  ["calendar", calendarQuotas, 25],
])("a quota of %s periods that was saved is not shifted", (_name, limits, numRuns) => {
  fc.assert(
    fc.property(limits, steps, starts, (limit, asked, start) => {
      const { state, now } = play(limit, asked, { start, wallOffset: 1.7e15 });
      const saved = state.save(momentAt(now, 1.7e15));
      const loaded = GrowingState.load(limit, saved, 12_345);
      for (const cost of asked.map((step) => costOf(limit, step))) {
        const there = loaded.earliest(cost, momentAt(now + 12_345, 1.7e15 - 12_345));
        expect(there).toBe(state.earliest(cost, momentAt(now, 1.7e15)) + 12_345);
      }
    }),
    { numRuns },
  );
});
