import { InvalidOptionError } from "../../errors.ts";
import { type Duration, show, toMicros } from "../../time.ts";
import type { CalendarPeriod, QuotaLimit } from "../limit.ts";
import { type Costed, type LimitOptions, NOT_ZERO, terms, wholeCount } from "../terms.ts";
import { noZone, zoneFormat } from "./calendar.ts";

/** Options of `quota`. */
export interface QuotaOptions extends LimitOptions {
  /** The time zone of calendar periods, such as `"Europe/Berlin"`; default `"UTC"`. */
  readonly timeZone?: string;
  /** When a fixed period begins: a date or whole milliseconds since the epoch; default the epoch. */
  readonly anchor?: Date | number;
}

/**
 * At most `count` per calendar day, week (from Monday) or month in a time zone, or per fixed period
 * counted from an anchor. Around a border up to twice the count can pass in a short time; for
 * "never more than N in any span" there is `window`. Costs are whole numbers.
 *
 * @param count - How many a period, a whole number from 1 to 2^50.
 * @param period - `"day"`, `"week"`, `"month"`, or a duration.
 * @throws `INVALID_OPTION` for numbers that make no sense and for unknown time zones.
 * @example
 * const daily = createLimiter(quota(10_000, "day", { timeZone: "America/Los_Angeles" }));
 */
export function quota<const O extends QuotaOptions = QuotaOptions>(
  count: number,
  period: CalendarPeriod | Duration,
  options: O = {} as O,
): QuotaLimit & Costed<O> {
  const { timeZone = "UTC", anchor = 0 } = options;
  wholeCount(count, "the count of a quota", 2 ** 50, NOT_ZERO);
  if (typeof timeZone !== "string") throw noZone(timeZone);
  zoneFormat(timeZone);
  const anchorMs = anchor instanceof Date ? anchor.getTime() : anchor;
  if (!Number.isInteger(anchorMs) || Math.abs(anchorMs) > 8.64e15) {
    const got = anchor instanceof Date ? "an invalid date" : show(anchor);
    throw new InvalidOptionError(
      `anchor of a quota must be a date, or whole milliseconds since the epoch; got ${got}.`,
    );
  }
  const calendar = period === "day" || period === "week" || period === "month";
  const limit: QuotaLimit = {
    kind: "quota",
    count,
    period: calendar
      ? period
      : toMicros(period, 'the period of a quota ("day", "week", "month", or a duration)'),
    timeZone,
    anchor: Math.round(anchorMs * 1e3),
    guard: 0,
    ...terms("a quota", options, true),
  };
  return Object.freeze(limit) as QuotaLimit & Costed<O>;
}
