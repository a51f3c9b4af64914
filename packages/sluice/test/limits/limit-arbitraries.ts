/** Limits of every kind for property tests, small enough that their borders are hit all the time. */

import fc from "fast-check";
import { concurrency } from "../../src/limits/concurrency/builder.ts";
import type {
  AnyLimit,
  ConcurrencyLimit,
  PaceLimit,
  PartsLimit,
  QuotaLimit,
  WindowLimit,
} from "../../src/limits/limit.ts";
import { paceOf } from "../../src/limits/pace/builder.ts";
import { compile } from "../../src/limits/plan.ts";
import { quota } from "../../src/limits/quota/builder.ts";
import { window } from "../../src/limits/window/window.ts";
import type { DurationText } from "../../src/time.ts";

/** A span of whole microseconds as a duration. */
export function micros(span: number): DurationText {
  return `${span / 1e3}ms` as DurationText;
}

const spans: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: 1, max: 40 }),
  fc.integer({ min: 1, max: 2_000 }),
  fc.constantFrom(1e6, 60e6, 3600e6),
);

export const exactWindows: fc.Arbitrary<WindowLimit> = fc
  .tuple(fc.integer({ min: 1, max: 9 }), spans)
  .map(([count, span]) => window(count, micros(span)) as WindowLimit);

/** Two or three rates in one ring, as a plan joins them. */
export const joinedWindows: fc.Arbitrary<WindowLimit> = fc
  .array(exactWindows, { minLength: 2, maxLength: 3 })
  .map((windows) => compile(windows, 0, { now: 0, wall: 0 }).rules[0]!.limit as WindowLimit);

export const partsWindows: fc.Arbitrary<PartsLimit> = fc
  .tuple(
    fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(1_000_000, 2 ** 40 + 1)),
    spans,
    fc.integer({ min: 2, max: 7 }),
  )
  .map(([count, span, parts]) => window(count, micros(span), { parts }) as PartsLimit);

/** Rates whose interval is a whole number of microseconds, and many whose interval is not. */
const rates = fc.constantFrom<readonly [count: number, span: number]>(
  [1, 10],
  [1, 17],
  [3, 31],
  [7, 1e6],
  [3, 1e6],
  [1_000_000, 7 * 3600e6],
  [999_983, 7 * 3600e6],
  [99_991, 1e6],
  [100_000, 1e6],
  [1, 86_400e6],
);

export const paces: fc.Arbitrary<PaceLimit> = fc
  .tuple(rates, fc.integer({ min: 1, max: 6 }), fc.constantFrom(0, 0, 1, 2, 5))
  .map(([[count, span], burst, catchUp]) => paceOf(count, span, { burst, catchUp }));

export const fixedQuotas: fc.Arbitrary<QuotaLimit> = fc
  .tuple(fc.integer({ min: 1, max: 6 }), spans, fc.constantFrom(0, 1, -7, 1_003))
  .map(([count, period, anchor]) => quota(count, micros(period), { anchor }));

/** Zones whose days have odd lengths, begin late, or are missing altogether. */
export const ZONES = [
  "UTC",
  "Europe/Berlin",
  "America/Sao_Paulo",
  "Asia/Kathmandu",
  "Pacific/Apia",
  "Australia/Lord_Howe",
  "America/St_Johns",
] as const;

export const calendarQuotas: fc.Arbitrary<QuotaLimit> = fc
  .tuple(
    fc.integer({ min: 1, max: 6 }),
    fc.constantFrom("day", "week", "month"),
    fc.constantFrom(...ZONES),
  )
  .map(([count, period, timeZone]) => quota(count, period, { timeZone }));

export const slots: fc.Arbitrary<ConcurrencyLimit> = fc
  .tuple(fc.integer({ min: 1, max: 5 }), fc.constantFrom(0, 1, 30), fc.constantFrom(0, 0, 1, 50))
  .map(([count, cooldown, lease]) =>
    concurrency(count, { cooldown: micros(cooldown), lease: micros(lease) }),
  );

/** A kind by name, and its share of the runs: time zones are slow. */
type Kind = readonly [name: string, limits: fc.Arbitrary<AnyLimit>, share: number];

/** For tests that go through all kinds. */
export const LIMITS: readonly Kind[] = [
  ["window", exactWindows, 1],
  ["windows that share a ring", joinedWindows, 1],
  ["window in parts", partsWindows, 1],
  ["pace", paces, 1],
  ["quota of fixed periods", fixedQuotas, 1],
  ["quota of calendar periods", calendarQuotas, 0.1],
  ["concurrency", slots, 1],
];

/** The same without what is held until somebody releases it, which has no instants of its own. */
export const TIMED_LIMITS: readonly Kind[] = LIMITS.filter(([, limits]) => limits !== slots);
