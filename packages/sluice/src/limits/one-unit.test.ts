// The short ways for one unit say what the ways for all costs say, on any state there can be, and
// leave the same state.
import fc from "fast-check";
import { expect, test } from "vitest";
import { concurrency, window } from "../index.ts";
import * as slots from "./concurrency/concurrency.ts";
import type { ConcurrencyLimit, WindowLimit } from "./limit.ts";
import * as ring from "./window/ring.ts";

const BASE = 3;
const instants = fc.array(fc.nat({ max: 6000 }), { minLength: 1, maxLength: 6 });

function cellsOf(numbers: readonly number[]): Float64Array {
  const cells = new Float64Array(64);
  cells.set(numbers, BASE);
  return cells;
}

test("a window's: one rate, a ring of any size, with instants before and after now", () => {
  const short = { told: 0, taken: 0 };
  fc.assert(
    fc.property(
      instants,
      fc.nat({ max: 5 }),
      fc.nat({ max: 2 }),
      fc.constantFrom(0, 0, 2500, 5000),
      fc.nat({ max: 6000 }),
      fc.integer({ min: 1, max: 7 }),
      (some, turn, empty, floor, now, count) => {
        const sorted = some.toSorted((a, b) => a - b);
        const capacity = sorted.length + empty;
        const first = turn % capacity;
        const body = Array.from({ length: capacity }, () => 0);
        for (const [i, each] of sorted.entries()) body[(first + i) % capacity] = each;
        const next = (first + sorted.length) % capacity;
        const state = [capacity, next, sorted.length, floor, ...body];
        const limit = window(count, "2ms") as WindowLimit;
        const [cells, twin] = [cellsOf(state), cellsOf(state)];
        const until = ring.earliestOfOne(limit, cells, BASE, now);
        if (capacity === count) expect(until).not.toBeNaN();
        if (Number.isNaN(until)) return;
        short.told++;
        expect(until).toBe(ring.earliest(limit, twin, BASE, 1, now));
        if (until !== now) return;
        short.taken++;
        expect(ring.fits(limit, twin, BASE, 1, now)).toBe(true);
        ring.fill(cells, BASE, now);
        ring.commit(twin, BASE, 1, now);
        expect(cells).toEqual(twin);
      },
    ),
    { numRuns: 3000 },
  );
  expect(short.told).toBeGreaterThan(500);
  expect(short.taken).toBeGreaterThan(100);
});

test("a window of several rates is left to the long way", () => {
  const [narrow, wide] = [window(2, "1ms"), window(3, "2ms")] as [WindowLimit, WindowLimit];
  const joined = { ...wide, rates: [...narrow.rates, ...wide.rates] };
  expect(ring.earliestOfOne(joined, cellsOf([3, 0, 3, 0, 1, 2, 3]), BASE, 9000)).toBeNaN();
});

test("that of slots: free, held, cooling down, with leases and of any number", () => {
  const short = { told: 0, taken: 0 };
  const value = fc.oneof(
    fc.constantFrom(0, 0, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY),
    fc.nat({ max: 6000 }),
    fc.nat({ max: 6000 }).map((end) => -end - 1),
  );
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 1, maxLength: 6 }),
      fc.nat(),
      fc.integer({ min: 1, max: 7 }),
      fc.constantFrom(0, 1),
      fc.nat({ max: 6000 }),
      (values, turn, count, cooldown, now) => {
        const limit = concurrency(count, { cooldown }) as ConcurrencyLimit;
        const held = values.filter((each) => each < 0).length;
        const ends = values.filter((each) => each < 0 && Number.isFinite(each)).map((end) => -end);
        const leased = ends.length > 0 ? Math.min(...ends) : 0;
        const cooled = Math.max(0, ...values);
        const holders = values.map((_, i) => i + 1);
        const hint = turn % values.length;
        const state = [values.length, held, hint, cooled, leased, ...values, ...holders];
        const [cells, twin] = [cellsOf(state), cellsOf(state)];
        const until = slots.earliestOfOne(limit, cells, BASE, now);
        if (Number.isNaN(until)) return;
        short.told++;
        expect(until).toBe(slots.earliest(limit, twin, BASE, 1, now));
        if (until !== now) return;
        short.taken++;
        expect(slots.fits(limit, twin, BASE, 1, now)).toBe(true);
        slots.fill(cells, BASE, 77);
        slots.commit(limit, twin, BASE, 1, now, 77, Number.POSITIVE_INFINITY);
        expect(cells).toEqual(twin);
      },
    ),
    { numRuns: 3000 },
  );
  expect(short.told).toBeGreaterThan(300);
  expect(short.taken).toBeGreaterThan(50);
});
