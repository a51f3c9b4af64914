// Law 4: one microsecond before its earliest instant a cost would break the promise, for histories
// committed at their earliest instants. Parts give back within one part.
import fc from "fast-check";
import { expect, test } from "vitest";
import { costOf, momentAt, play, probes, starts, steps, walls } from "../../test/limits/history.ts";
import {
  calendarQuotas,
  exactWindows,
  fixedQuotas,
  joinedWindows,
  paces,
  partsWindows,
  slots,
} from "../../test/limits/limit-arbitraries.ts";
import { breach } from "../../test/limits/promise.ts";
import { capacityOf } from "./algorithm.ts";
import { isHeld } from "./limit.ts";

test.each([
  ["window", exactWindows],
  ["windows that share a ring", joinedWindows],
  ["pace", paces],
])("%s: one microsecond earlier would be too many", (_name, limits) => {
  fc.assert(
    fc.property(limits, steps, starts, fc.boolean(), (limit, asked, start, ones) => {
      const { state, admitted, now } = play(limit, asked, { start, ...(ones ? { cost: 1 } : {}) });
      const newest = Math.max(now, ...admitted.map(({ at }) => at));
      for (let cost = 1; cost <= capacityOf(limit); cost++) {
        const earliest = state.earliest(cost, momentAt(now, 0));
        // Nobody overtakes: before what is promised already is no question of how many.
        const floor = limit.kind === "window" && !(ones && cost === 1) ? newest : now;
        if (earliest === floor) continue;
        const early = [...admitted, { at: earliest - 1, units: cost }];
        expect(breach(limit, early, 0, false)).toBeDefined();
      }
    }),
    { numRuns: 400 },
  );
});

test("window in parts: within one part of the exact window", () => {
  fc.assert(
    fc.property(partsWindows, steps, probes, starts, (limit, asked, looks, start) => {
      const { state, admitted, now } = play(limit, asked, { start });
      const newest = Math.max(now, ...admitted.map(({ at }) => at));
      // The part is rounded up to whole microseconds: all of them may be a little over the span.
      const most = limit.part + (limit.parts * limit.part - limit.span);
      for (const cost of looks.map((step) => costOf(limit, step))) {
        // By brute force: the exact window gives room when an admission leaves it.
        const exact = [newest, ...admitted.map(({ at }) => at + limit.span)]
          .filter((at) => at >= newest)
          .sort((a, b) => a - b)
          .find((at) => breach(limit, [...admitted, { at, units: cost }]) === undefined)!;
        const earliest = state.earliest(cost, momentAt(now, 0));
        expect(earliest).toBeGreaterThanOrEqual(exact);
        expect(earliest).toBeLessThanOrEqual(exact + most);
      }
    }),
    { numRuns: 400 },
  );
});

test.each([
  ["quota of fixed periods", fixedQuotas, 400],
  ["quota of calendar periods", calendarQuotas, 40],
])("%s: what waits, waits for a border behind which there is room", (_name, limits, numRuns) => {
  fc.assert(
    fc.property(limits, steps, starts, walls, (limit, asked, start, wall) => {
      const wallOffset = wall * 1e3 - start;
      const { state, admitted, now } = play(limit, asked, { start, wallOffset });
      const newest = Math.max(now, ...admitted.map(({ at }) => at));
      for (let cost = 1; cost <= limit.count; cost++) {
        const earliest = state.earliest(cost, momentAt(now, wallOffset));
        if (earliest === newest) continue;
        const early = [...admitted, { at: earliest - 1, units: cost }];
        expect(breach(limit, early, wallOffset)).toBeDefined();
      }
    }),
    { numRuns },
  );
});

test("concurrency: one microsecond earlier a slot would be missing, and what is held has none", () => {
  fc.assert(
    fc.property(slots, steps, starts, (limit, asked, start) => {
      const { state, admitted, now } = play(limit, asked, { start });
      for (let cost = 1; cost <= limit.slots; cost++) {
        const earliest = state.earliest(cost, momentAt(now, 0));
        if (earliest === now) continue;
        const at = isHeld(earliest) ? now : earliest - 1;
        expect(breach(limit, [...admitted, { at, units: cost }])).toBeDefined();
      }
    }),
    { numRuns: 400 },
  );
});
