// Law 1: what is admissible at t, with nothing in between, is admissible at every later t.
import fc from "fast-check";
import { expect, test } from "vitest";
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
import { LIMITS, paces } from "../../test/limits/limit-arbitraries.ts";
import { isHeld } from "./limit.ts";

test.each(LIMITS)("%s: the admissible instants are up-closed", (_name, limits, share) => {
  fc.assert(
    fc.property(
      limits,
      steps,
      probes,
      probes,
      starts,
      walls,
      (limit, asked, looks, later, start, wall) => {
        const wallOffset = wall * 1e3 - start;
        const { state, now } = play(limit, asked, { start, wallOffset, delayed: true });
        for (const look of looks) {
          const cost = costOf(limit, look);
          let time = now;
          let earliest = state.earliest(cost, momentAt(time, wallOffset));
          for (const step of later) {
            time += gapOf(limit, step);
            const next = state.earliest(cost, momentAt(time, wallOffset));
            // An instant stays what it is until it has come, and from then on it is now. What is held
            // may come free (a lease that ends) but never the other way round.
            if (!isHeld(earliest)) expect(next).toBe(Math.max(earliest, time));
            earliest = next;
          }
        }
      },
    ),
    { numRuns: share * 250 },
  );
});

test("pace: the same for one who waits since the same instant", () => {
  fc.assert(
    fc.property(paces, steps, probes, steps, starts, (limit, asked, looks, later, start) => {
      const { state, now } = play(limit, asked, { start });
      for (const look of looks) {
        const cost = costOf(limit, look);
        let time = now;
        let admissible = false;
        for (const step of later) {
          time += gapOf(limit, step);
          const passes = state.earliest(cost, momentAt(time, 0, now)) <= time;
          expect(passes).toBe(admissible || passes);
          admissible = passes;
        }
      }
    }),
    { numRuns: 250 },
  );
});
