// Law 2: no instant lies before now (but for late waiters of a pace), and neither a larger cost nor
// one more commit brings it nearer.
import fc from "fast-check";
import { expect, test } from "vitest";
import { costOf, momentAt, play, probes, starts, steps, walls } from "../../test/limits/history.ts";
import { LIMITS, paces } from "../../test/limits/limit-arbitraries.ts";
import { capacityOf } from "./algorithm.ts";
import { type Earliest, isHeld, NEVER } from "./limit.ts";

/** Instants in order, then everything held, then never. */
function rank(earliest: Earliest): number {
  return isHeld(earliest) ? Number.MAX_VALUE : earliest;
}

test.each(LIMITS)("%s: at or after now, in whole microseconds", (_name, limits, share) => {
  fc.assert(
    fc.property(limits, steps, probes, starts, walls, (limit, asked, looks, start, wall) => {
      const wallOffset = wall * 1e3 - start;
      const { state, now } = play(limit, asked, { start, wallOffset, delayed: true });
      for (const step of looks) {
        const earliest = state.earliest(costOf(limit, step), momentAt(now, wallOffset));
        expect(Number.isInteger(earliest)).toBe(true);
        expect(rank(earliest)).toBeGreaterThanOrEqual(now);
      }
    }),
    { numRuns: share * 250 },
  );
});

test("pace: a late waiter at most catchUp / rate before now, and never before it began to wait", () => {
  fc.assert(
    fc.property(paces, steps, probes, starts, fc.nat(), (limit, asked, looks, start, late) => {
      const { state, now } = play(limit, asked, { start });
      const since = Math.max(start, now - (late % (8 * Math.ceil(limit.micros / limit.units))));
      for (const step of looks) {
        const cost = costOf(limit, step);
        const earliest = state.earliest(cost, momentAt(now, 0, since));
        const back = (BigInt(now) - BigInt(earliest)) * BigInt(limit.units);
        expect(back <= BigInt(limit.catchUp) * BigInt(limit.micros)).toBe(true);
        expect(earliest).toBeGreaterThanOrEqual(since);
        expect(earliest).toBeLessThanOrEqual(state.earliest(cost, momentAt(now, 0)));
      }
    }),
    { numRuns: 250 },
  );
});

test.each(LIMITS)("%s: never later for a smaller cost", (_name, limits, share) => {
  fc.assert(
    fc.property(limits, steps, starts, walls, (limit, asked, start, wall) => {
      const wallOffset = wall * 1e3 - start;
      const { state, now } = play(limit, asked, { start, wallOffset, delayed: true });
      const most = Math.min(capacityOf(limit), 60);
      let before = 0;
      for (let cost = 1; cost <= most; cost++) {
        const earliest = rank(state.earliest(cost, momentAt(now, wallOffset)));
        expect(earliest).toBeGreaterThanOrEqual(before);
        before = earliest;
      }
      expect(before).toBeLessThan(NEVER);
      expect(state.earliest(capacityOf(limit) + 1, momentAt(now, wallOffset))).toBe(NEVER);
    }),
    { numRuns: share * 250 },
  );
});

test.each(LIMITS)("%s: never sooner after one more commit", (_name, limits, share) => {
  fc.assert(
    fc.property(limits, steps, probes, starts, walls, (limit, asked, looks, start, wall) => {
      const wallOffset = wall * 1e3 - start;
      const { state, now } = play(limit, asked, { start, wallOffset, delayed: true });
      const moment = momentAt(now, wallOffset);
      const costs = looks.map((step) => costOf(limit, step));
      for (const extra of costs) {
        const at = state.earliest(extra, moment);
        if (isHeld(at)) continue;
        const more = state.clone();
        more.commit(extra, at, moment, 99);
        for (const cost of costs) {
          const [without, after] = [state.earliest(cost, moment), more.earliest(cost, moment)];
          expect(rank(after)).toBeGreaterThanOrEqual(rank(without));
        }
      }
    }),
    { numRuns: share * 120 },
  );
});
