import fc from "fast-check";
import { expect, test } from "vitest";
import { Ranges } from "./ranges.ts";

const borders = fc.tuple(fc.nat(30), fc.integer({ min: 1, max: 12 }));

function indices(ranges: Ranges): number[] {
  const all = Array.from(ranges, ({ from, to }) => {
    return Array.from({ length: to - from }, (_, i) => from + i);
  });
  return all.flat().toSorted((a, b) => a - b);
}

test("what was added, in as few ranges as there can be", () => {
  fc.assert(
    fc.property(fc.array(borders, { minLength: 1 }), borders, (added, [first, length]) => {
      const ranges = new Ranges();
      const model = new Set<number>();
      for (const [from, count] of added) {
        ranges.add(from, from + count);
        for (let i = from; i < from + count; i++) model.add(i);
        expect(model.has(ranges.newest)).toBe(true);
      }
      const expected = [...model].toSorted((a, b) => a - b);
      expect(indices(ranges)).toEqual(expected);
      const starts = expected.filter((index) => !model.has(index - 1));
      expect(ranges.count).toBe(starts.length);
      expect(ranges.size).toBe(2 * starts.length + model.size);
      const within = expected.filter((index) => index >= first && index < first + length);
      expect(indices(ranges.within(first, first + length))).toEqual(within);
    }),
  );
});

test("the newest index is the end of what was added last", () => {
  const ranges = new Ranges();
  ranges.add(10, 20);
  ranges.add(0, 4);
  expect(ranges.newest).toBe(3);
  ranges.add(20, 22);
  expect(ranges.newest).toBe(21);
});
