// Law 6: after `idle(limit)` without commits a state behaves as the empty one, and `idleFrom` says
// from when on.
import fc from "fast-check";
import { expect, test } from "vitest";
import { GrowingState } from "../../test/limits/growing-state.ts";
import {
  costOf,
  gapOf,
  momentAt,
  play,
  probes,
  starts,
  steps,
  walls,
} from "../../test/limits/history.ts";
import {
  calendarQuotas,
  exactWindows,
  fixedQuotas,
  LIMITS,
  paces,
} from "../../test/limits/limit-arbitraries.ts";
import { idle } from "./algorithm.ts";
import { isHeld } from "./limit.ts";

test.each(LIMITS)("%s: from idleFrom on as if nothing had been", (_name, limits, share) => {
  fc.assert(
    fc.property(limits, steps, probes, starts, walls, (limit, asked, next, start, wall) => {
      const wallOffset = wall * 1e3 - start;
      const { state, now } = play(limit, asked, { start, wallOffset, delayed: true });
      const from = state.idleFrom(momentAt(now, wallOffset));
      if (from === Number.POSITIVE_INFINITY) return;
      const empty = new GrowingState(limit);
      let time = Math.max(now, from);
      expect(state.used(momentAt(time, wallOffset))).toBe(0);
      next.forEach((step, i) => {
        time += gapOf(limit, step);
        const moment = momentAt(time, wallOffset);
        const cost = costOf(limit, step);
        const at = empty.earliest(cost, moment);
        expect(state.earliest(cost, moment)).toBe(at);
        if (isHeld(at)) return;
        empty.commit(cost, at, moment, 1000 + i);
        state.commit(cost, at, moment, 1000 + i);
      });
    }),
    { numRuns: share * 250 },
  );
});

test.each(LIMITS)("%s: idle(limit) after the last commit is enough", (_name, limits, share) => {
  fc.assert(
    fc.property(limits, steps, starts, walls, (limit, asked, start, wall) => {
      const wallOffset = wall * 1e3 - start;
      const { state, admitted, now } = play(limit, asked, { start, wallOffset, delayed: true });
      const ends = admitted.map(({ at, until = 0 }) => Math.max(at, until));
      const last = Math.max(start, ...ends);
      const from = state.idleFrom(momentAt(now, wallOffset));
      expect(from).toBeLessThanOrEqual(last + idle(limit));
    }),
    { numRuns: share * 400 },
  );
});

// What `used` says of several rates in one ring is the first rate's; parts and slots are coarser.
const FINE = LIMITS.filter(([, limits]) =>
  [exactWindows, paces, fixedQuotas, calendarQuotas].some((each) => each === limits),
);

test.each(FINE)("%s: idleFrom is no sooner than it must be", (_name, limits, share) => {
  fc.assert(
    fc.property(limits, steps, starts, walls, (limit, asked, start, wall) => {
      const wallOffset = wall * 1e3 - start;
      const { state, now } = play(limit, asked, { start, wallOffset });
      const from = state.idleFrom(momentAt(now, wallOffset));
      if (from <= now || from === Number.POSITIVE_INFINITY) return;
      expect(state.used(momentAt(from - 1, wallOffset))).toBeGreaterThan(0);
    }),
    { numRuns: share * 250 },
  );
});

test.each(LIMITS)("%s: nothing was ever committed, so it is idle", (_name, limits, share) => {
  fc.assert(
    fc.property(limits, starts, walls, (limit, start, wall) => {
      const moment = momentAt(start, wall * 1e3 - start);
      expect(new GrowingState(limit).idleFrom(moment)).toBeLessThanOrEqual(start);
    }),
    { numRuns: share * 60 },
  );
});
