import fc from "fast-check";
import {
  type AnyLimit,
  concurrency,
  createLimiter,
  formatLimit,
  type LimitText,
  pace,
  parseLimit,
  quota,
  window,
} from "sluice";
import { manualClock } from "sluice/testing";
import { expect, test } from "vitest";
import { Forecast, type ForecastOptions } from "./forecast.ts";

const wall = Date.UTC(2026, 0, 1, 12);

function byText(...limits: readonly AnyLimit[]): Record<string, AnyLimit> {
  return Object.fromEntries(limits.map((limit) => [formatLimit(limit), limit]));
}

function forecast(rows: number, limits: readonly AnyLimit[], more: Partial<ForecastOptions> = {}) {
  const clock = manualClock({ wall });
  const made = new Forecast({
    limits: byText(...limits),
    margin: 0,
    keys: [""],
    rows,
    clock,
    ...more,
  });
  made.run(rows);
  return { last: made.last, heldBack: made.heldBack };
}

test.each<[rows: number, limits: LimitText[], last: number, binds: string | undefined]>([
  [0, ["1/s"], 0, undefined],
  [10, ["unlimited"], 0, undefined],
  [100, ["100/s"], 0, undefined],
  [101, ["100/s"], 1_000, "100/1s"],
  [1_000, ["100/s", "5000/h"], 9_000, "100/1s"],
  [10_001, ["100/s", "5000/h"], 7_200_000, "5000/1h"],
  [7, ["3/s even"], 2_001, "3/1s even"],
  [4, ["3/s even"], 1_001, "3/1s even"],
  [3, ["3/s even"], 667, "3/1s even"],
  [21, ["10/s burst 10"], 1_100, "10/1s burst 10"],
  [21, ["10/day UTC"], 36 * 3600e3, "10/day UTC"],
])("%i rows at %s start within %i ms", (rows, texts, last, binds) => {
  const made = forecast(rows, texts.map(parseLimit));
  expect({ last: made.last, binds: made.heldBack[0]?.[0] }).toEqual({ last, binds });
});

test("limits per worker take the rows in turn, beside the limit over all", () => {
  const limits = [window(10, "1s", { per: "limiter" }), window(2, "1s")];
  const keys = ["worker 0", "worker 1", "worker 2"];
  expect(forecast(60, limits, { keys }).last).toBe(9_000);
  expect(forecast(60, limits, { keys }).heldBack[0]?.[0]).toBe("2/1s");
});

test("what holds rows back adds up to the whole time", () => {
  const { last, heldBack } = forecast(10_001, [window(100, "1s"), window(5_000, "1h")]);
  expect(heldBack).toEqual([
    ["5000/1h", 7_102_000],
    ["100/1s", 98_000],
  ]);
  expect(last).toBe(7_200_000);
});

test("a limit of calls at once has no say in it while calls take no time", () => {
  expect(forecast(20, [window(10, "1s"), concurrency(2)]).last).toBe(1_000);
});

test("a limit of calls at once holds back calls that take their time, or cool down", () => {
  const slow = { lanes: 20, took: 1_000 };
  const few = concurrency(2, { per: "limiter" });
  expect(forecast(10, [few], slow)).toEqual({ last: 4_000, heldBack: [["2 at once", 4_000]] });
  const keys = ["worker 0", "worker 1"];
  expect(forecast(10, [concurrency(2)], { ...slow, keys }).last).toBe(2_000);
  expect(forecast(10, [concurrency(2, { cooldown: "3s" })]).last).toBe(12_000);
});

test("the margin counts", () => {
  expect(forecast(201, [window(100, "1s")], { margin: "50ms" }).last).toBe(2_100);
});

test("calls that take their time are held back by the lanes", () => {
  const slow = forecast(100, [window(100, "1s")], { lanes: 10, took: 500 });
  expect(slow).toEqual({ last: 4_500, heldBack: [["concurrency", 4_500]] });
  const quick = forecast(1_000, [window(100, "1s")], { lanes: 50, took: 500 });
  expect(quick.last).toBe(9_500);
});

test("what was used before counts, and a state of other limits is left out", async () => {
  const clock = manualClock({ wall });
  const limiter = createLimiter(byText(window(10, "1s")), { clock });
  for (let row = 0; row < 10; row += 1) limiter.tryAcquire();
  await clock.advance("400ms");
  const snapshot = limiter.snapshot();
  const limits = byText(window(10, "1s"));
  const options = { margin: 0, keys: [""], rows: 1, clock, snapshot };
  const warm = new Forecast({ ...options, limits });
  warm.run(1);
  expect([warm.last, warm.warm]).toEqual([600, true]);
  const cold = new Forecast({ ...options, limits: byText(window(9, "1s")) });
  cold.run(1);
  expect([cold.last, cold.warm]).toEqual([0, false]);
});

test("before it is done it goes on in a straight line", () => {
  const clock = manualClock({ wall });
  const rows = 1_000_000;
  const made = new Forecast({ limits: byText(pace("10/s")), margin: 0, keys: [""], rows, clock });
  made.run(1_000);
  expect(made.done).toBe(false);
  expect(made.last).toBe(99_999_900);
});

const someLimit = fc.oneof(
  fc
    .record({ n: fc.integer({ min: 1, max: 9 }), ms: fc.integer({ min: 10, max: 3_000 }) })
    .map(({ n, ms }): AnyLimit => window(n, ms)),
  fc
    .record({ n: fc.integer({ min: 1, max: 50 }), burst: fc.integer({ min: 1, max: 5 }) })
    .map(({ n, burst }): AnyLimit => pace(`${n}/s`, { burst })),
  fc
    .record({ n: fc.integer({ min: 3, max: 20 }), s: fc.integer({ min: 1, max: 5 }) })
    .map(({ n, s }): AnyLimit => quota(n, `${s}s`)),
);

test("it is what the limiter then does", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(someLimit, { minLength: 1, maxLength: 3 }),
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 0, max: 20 }),
      async (list, rows, before) => {
        const limits = byText(...list);
        const clock = manualClock({ wall });
        const limiter = createLimiter(limits, { clock });
        for (let row = 0; row < before; row += 1) limiter.tryAcquire();
        await clock.advance("50ms");
        const options = { limits, margin: 0, keys: [""], rows, clock };
        const made = new Forecast({ ...options, snapshot: limiter.snapshot() });
        made.run(rows);
        const start = clock.now();
        let last = 0;
        let ended = false;
        void (async () => {
          for (let row = 0; row < rows; row += 1) await limiter.acquire();
          last = clock.now();
          ended = true;
        })();
        await clock.advance("2h");
        expect(ended).toBe(true);
        expect(made.last).toBe(Math.ceil((last - start) / 1e3));
        await limiter[Symbol.asyncDispose]();
      },
    ),
    { numRuns: 60, seed: 20_260_101 },
  );
});
