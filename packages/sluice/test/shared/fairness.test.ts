// Processes that ask for more than there is get about the same, and all of the limit together, however
// they start and however far from the store they are.
import fc from "fast-check";
import { expect, test } from "vitest";
import { type LimitsInput, type LimitText, pace } from "../../src/index.ts";
import { type FleetProcess, runFleet } from "./fleet.ts";

/** A limit, and how many it lets through in its first so many `seconds` with a grace of 20 ms. */
interface Case {
  readonly text: string;
  readonly limits: LimitsInput;
  readonly seconds: number;
  readonly most: number;
}

const window = fc
  .record({ count: fc.integer({ min: 8, max: 300 }), ms: fc.integer({ min: 100, max: 3000 }) })
  .map(({ count, ms }): Case => {
    const text = `${count}/${ms}ms` as LimitText;
    const windows = Math.max(10, Math.ceil(10_000 / ms));
    // All of the last window, whose admissions are as far apart as those of the first.
    const seconds = ((windows - 0.3) * (ms + 20)) / 1e3;
    return { text, limits: text, seconds, most: count * windows };
  });

const even = fc.integer({ min: 8, max: 300 }).map((count): Case => {
  const limits = pace(`${count}/s`, { catchUp: 5 });
  return { text: `pace ${count}/s`, limits, seconds: 10, most: 10 * count };
});

const several = fc.integer({ min: 2, max: 20 }).map((tens): Case => {
  const limits = [`${5 * tens}/100ms`, `${20 * tens}/1s`, `${90 * tens}/5s`] as const;
  return { text: limits.join(", "), limits, seconds: 2 * 5.02 - 0.3, most: 180 * tens };
});

const ms = (most: number): fc.Arbitrary<number> => fc.nat(most * 10).map((tenths) => tenths / 10);

const process: fc.Arbitrary<Omit<FleetProcess, "callers">> = fc.record({
  start: fc.nat(1500),
  ways: fc.array(fc.tuple(ms(7), ms(7)), { minLength: 1, maxLength: 5 }),
  late: fc.array(ms(2), { minLength: 1, maxLength: 5 }),
});

test("each of four busy processes gets its share, and together they get everything", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(window, even, several),
      fc.array(process, { minLength: 3, maxLength: 3 }),
      process,
      async ({ limits, seconds, most }, others, first) => {
        const fleet = [{ ...first, start: 0 }, ...others].map((each) => ({
          ...each,
          callers: Math.ceil(most / 4),
        }));
        const { ran } = await runFleet(limits, fleet, seconds);
        const sum = ran.reduce((so, { length }) => so + length, 0);
        for (const { length } of ran) expect(length / sum).toBeGreaterThanOrEqual(0.15);
        expect(sum / most).toBeGreaterThanOrEqual(0.99);
      },
    ),
    { numRuns: 40 },
  );
});

test("a small limit goes round, also among those with one caller at a time", async () => {
  const ways = [[0.3, 0.4] as const];
  const fleet = [0, 100, 200, 300, 400, 500, 600, 1000].map((start) => {
    return { start, ways, late: [0.7], callers: 1 };
  });
  const { ran } = await runFleet("2/1s", fleet, 20);
  const served = ran.map(({ length }) => length);
  expect(served.reduce((so, each) => so + each)).toBe(40);
  expect(Math.min(...served)).toBeGreaterThanOrEqual(4);
});

test("a process alone gets everything", async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(window, even, several), process, async (limit, one) => {
      const fleet = [{ ...one, start: 0, callers: limit.most }];
      const { ran } = await runFleet(limit.limits, fleet, limit.seconds);
      expect(ran[0]!.length / limit.most).toBeGreaterThanOrEqual(0.99);
    }),
    { numRuns: 20 },
  );
});

test("a call is worth it: at 200/s at most one for four admissions, and that of four processes", async () => {
  const ways = [[0.3, 0.4] as const];
  for (const limits of ["200/s", pace("200/s"), ["50/100ms", "200/s", "900/5s"]] as const) {
    for (const starts of [[0], [0, 300, 700, 1500]]) {
      const fleet = starts.map((start) => ({ start, ways, late: [0.7], callers: 500 }));
      const { ran, calls } = await runFleet(limits as LimitsInput, fleet, 10);
      const sum = ran.reduce((so, { length }) => so + length, 0);
      expect(calls / sum).toBeLessThan(0.25);
    }
  }
});
