import fc from "fast-check";
import { expect, test } from "vitest";
import { earliestOf, refundTo } from "../../limits/algorithm.ts";
import { window } from "../../limits/window/window.ts";
import { CHUNK, Kept } from "./kept.ts";

const deeds = fc.array(
  fc.record({
    units: fc.oneof(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 300 })),
    back: fc.boolean(),
    gap: fc.nat(1_000),
  }),
  { maxLength: 200, size: "max" },
);

test.each([window(700, 3_000), window(110, 1_000), window(700, 3_000, { parts: 300 })])(
  "chunks and what is noted as out of date are all of a long state, $kind",
  (limit) => {
    fc.assert(
      fc.property(deeds, (done) => {
        const kept = Kept.empty("", limit);
        let chunks = new Float64Array();
        let now = 1e15;
        for (const { units, back, gap } of done) {
          now += gap * 1_000;
          const moment = { now, wall: now, since: now };
          const at = earliestOf(limit, kept.cells, kept.base, units, moment);
          if (at < 0 || at === Number.POSITIVE_INFINITY) continue;
          kept.commit(limit, units, at, moment, 0);
          const surplus = { units: Math.ceil(units / 2), cost: units, at, ticket: 0 };
          if (back) kept.change(() => refundTo(limit, kept, surplus, moment));
          if (!kept.long) continue;
          const { cells, size, head } = kept;
          if (chunks.length !== size) chunks = new Float64Array(size);
          if (!kept.hasRoom(0)) {
            for (const part of kept.flush(false)) {
              const from = head + part * CHUNK;
              chunks.set(cells.subarray(from, from + CHUNK), from);
            }
          }
          expect(kept.hasRoom(0)).toBe(true);
          const whole = chunks.slice();
          for (const { from, to } of kept.stale!) whole.set(cells.subarray(from, to), from);
          whole.set(cells.subarray(0, head));
          expect(whole.findIndex((number, i) => number !== cells[i])).toBe(-1);
        }
      }),
    );
  },
);
