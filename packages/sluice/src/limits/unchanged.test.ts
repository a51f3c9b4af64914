// Law 7 for the pure functions: to ask, to look and to save changes no byte of a state.
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
import { LIMITS } from "../../test/limits/limit-arbitraries.ts";
import { capacityOf } from "./algorithm.ts";

test.each(LIMITS)("%s: asking changes nothing, byte for byte", (_name, limits, share) => {
  fc.assert(
    fc.property(limits, steps, probes, starts, walls, (limit, asked, looks, start, wall) => {
      const wallOffset = wall * 1e3 - start;
      const { state, now } = play(limit, asked, { start, wallOffset, delayed: true });
      const before = state.bytes();
      let time = now;
      for (const step of looks) {
        time += gapOf(limit, step);
        const moment = momentAt(time, wallOffset, start);
        state.earliest(costOf(limit, step), moment);
        state.earliest(capacityOf(limit) + 1, moment);
        state.used(moment);
        state.idleFrom(moment);
        state.save(moment);
        state.migrate(limit, moment);
      }
      expect(state.bytes()).toEqual(before);
    }),
    { numRuns: share * 150 },
  );
});
