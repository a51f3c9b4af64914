import fc from "fast-check";
import { expect, test } from "vitest";
import { DoneRows, firstOutside, isAmong } from "./done-rows.ts";

const rows = fc.uniqueArray(fc.nat({ max: 60 }), { maxLength: 60 });

test("runs are exactly the rows that were added, in ascending order and without neighbours", () => {
  fc.assert(
    fc.property(rows, rows, (before, added) => {
      const early = new DoneRows();
      for (const index of before) early.add(index);
      const done = new DoneRows(early.runs());
      const late = added.filter((index) => !before.includes(index));
      for (const index of late) done.add(index);

      const runs = done.runs();
      const expected = [...before, ...late].toSorted((a, b) => a - b);
      expect(
        runs.flatMap(([first, last]) =>
          Array.from({ length: last - first + 1 }, (_, at) => first + at),
        ),
      ).toEqual(expected);
      for (const [at, [first]] of runs.entries()) {
        if (at > 0) expect(first).toBeGreaterThan(runs[at - 1]![1] + 1);
      }
      expect(done.size).toBe(expected.length);
      for (let index = 0; index <= 61; index += 1) {
        expect(isAmong(runs, index)).toBe(expected.includes(index));
        let outside = index;
        while (expected.includes(outside)) outside += 1;
        expect(firstOutside(runs, index)).toBe(outside);
      }
    }),
  );
});

test("a slow first row costs one more run, however many rows pass it", () => {
  const done = new DoneRows();
  for (let index = 1; index <= 100_000; index += 1) done.add(index);
  expect(done.runs()).toEqual([[1, 100_000]]);
  done.add(0);
  expect(done.runs()).toEqual([[0, 100_000]]);
});
