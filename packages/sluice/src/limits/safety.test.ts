// Law 3: whatever is committed at or after its earliest instant keeps the promise of its limit.
import fc from "fast-check";
import { expect, test } from "vitest";
import { GrowingState } from "../../test/limits/growing-state.ts";
import { costOf, gapOf, momentAt, play, starts, steps, walls } from "../../test/limits/history.ts";
import { LIMITS, paces, partsWindows } from "../../test/limits/limit-arbitraries.ts";
import { type Admitted, breach } from "../../test/limits/promise.ts";

test.each(LIMITS)("%s: no history breaks the promise", (_name, limits, share) => {
  fc.assert(
    fc.property(
      limits,
      steps,
      starts,
      walls,
      fc.boolean(),
      (limit, asked, start, wall, delayed) => {
        const wallOffset = wall * 1e3 - start;
        const { admitted } = play(limit, asked, { start, wallOffset, delayed });
        expect(breach(limit, admitted, wallOffset)).toBeUndefined();
      },
    ),
    { numRuns: share * 600 },
  );
});

test("pace: waiters that come late catch up on catchUp units and no more", () => {
  fc.assert(
    fc.property(paces, steps, starts, (limit, asked, start) => {
      const state = new GrowingState(limit);
      const admitted: Admitted[] = [];
      let now = start;
      for (const step of asked) {
        now += gapOf(limit, step);
        // Who began to wait some steps ago runs now: the promise is about when they run.
        const since = Math.max(start, now - Math.floor((step.choice * limit.micros) / limit.units));
        const moment = momentAt(now, 0, since);
        const cost = costOf(limit, step);
        if (state.earliest(cost, moment) > now) continue;
        state.commit(cost, now, moment);
        admitted.push({ at: now, units: cost });
      }
      expect(breach(limit, admitted)).toBeUndefined();
    }),
    { numRuns: 600 },
  );
});

test("pace: the same when each is committed at its own earliest instant", () => {
  fc.assert(
    fc.property(paces, steps, starts, (limit, asked, start) => {
      const state = new GrowingState(limit);
      const admitted: Admitted[] = [];
      let now = start;
      for (const step of asked) {
        now += gapOf(limit, step);
        const since = Math.max(start, now - Math.floor((step.choice * limit.micros) / limit.units));
        const moment = momentAt(now, 0, since);
        const cost = costOf(limit, step);
        const earliest = state.earliest(cost, moment);
        state.commit(cost, earliest, moment);
        admitted.push({ at: Math.max(now, earliest), units: cost });
      }
      expect(breach(limit, admitted)).toBeUndefined();
    }),
    { numRuns: 600 },
  );
});

test("without late waiters a pace keeps the bound without catchUp", () => {
  fc.assert(
    fc.property(paces, steps, starts, fc.boolean(), (limit, asked, start, delayed) => {
      const { admitted } = play(limit, asked, { start, delayed });
      expect(breach(limit, admitted, 0, false)).toBeUndefined();
    }),
    { numRuns: 400 },
  );
});

test.each([
  ["pace", paces],
  ["window in parts", partsWindows],
])("%s: fractions of a unit too", (_name, limits) => {
  fc.assert(
    fc.property(limits, steps, starts, (limit, asked, start) => {
      const state = new GrowingState(limit);
      const admitted: Admitted[] = [];
      let now = start;
      for (const step of asked) {
        now += gapOf(limit, step);
        const moment = momentAt(now, 0);
        const cost = Math.max(1, Math.floor(step.fraction * 64 * costOf(limit, step))) / 64;
        const at = state.earliest(cost, moment);
        state.commit(cost, at, moment);
        admitted.push({ at, units: cost });
      }
      expect(breach(limit, admitted)).toBeUndefined();
    }),
    { numRuns: 400 },
  );
});
