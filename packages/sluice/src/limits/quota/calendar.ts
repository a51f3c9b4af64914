/**
 * Borders of calendar periods in a time zone, on the proleptic Gregorian calendar of `Intl`: days
 * have 23, 24 or 25 hours, and a midnight that does not exist is the first instant of its day.
 */

import { InvalidOptionError } from "../../errors.ts";
import { show } from "../../time.ts";
import type { CalendarPeriod } from "../limit.ts";

/** A period in milliseconds since the epoch, half-open. */
export interface Period {
  readonly start: number;
  readonly end: number;
}

interface Day {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

const HOUR_MICROS = 3600e6;
/** Hours, with four less and four more for zones that change their offset. */
const SHORTEST = { day: 20, week: 164, month: 668 };
const LONGEST = { day: 28, week: 172, month: 748 };

/** No calendar period is shorter; microseconds. A fixed period is as long as it is. */
export function shortestPeriod(period: CalendarPeriod | number): number {
  return typeof period === "number" ? period : SHORTEST[period] * HOUR_MICROS;
}

/** None is longer. */
export function longestPeriod(period: CalendarPeriod | number): number {
  return typeof period === "number" ? period : LONGEST[period] * HOUR_MICROS;
}

const DAY_MS = 86_400_000;
const formats = new Map<string, Intl.DateTimeFormat>();

/** The formatter of a time zone; throws for a zone that does not exist. */
export function zoneFormat(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (!format) {
    try {
      format = new Intl.DateTimeFormat("en-US", {
        timeZone,
        calendar: "gregory",
        numberingSystem: "latn",
        year: "numeric",
        month: "numeric",
        day: "numeric",
        era: "short",
      });
    } catch {
      throw noZone(timeZone);
    }
    formats.set(timeZone, format);
  }
  return format;
}

export function noZone(timeZone: unknown): InvalidOptionError {
  return new InvalidOptionError(
    `timeZone must be a zone of the IANA database, such as "UTC" or "Europe/Berlin"; got ${show(timeZone)}.`,
  );
}

/** The calendar period that holds the instant `wall`, in milliseconds since the epoch. */
export function periodAt(period: CalendarPeriod, timeZone: string, wall: number): Period {
  const day = localDay(wall, timeZone);
  let [first, next] = edges(period, dayNumber(day.year, day.month, day.day));
  let [start, end] = [startOfDay(first, timeZone), startOfDay(next, timeZone)];
  // A local date can come twice, where a clock goes back over midnight: the first time counts.
  if (wall >= end) {
    [first, next] = edges(period, next);
    [start, end] = [end, startOfDay(next, timeZone)];
  }
  return { start, end };
}

/** Day numbers (days since the epoch, as if in UTC) of a period's first day and of the next one's. */
function edges(period: CalendarPeriod, today: number): [number, number] {
  if (period === "day") return [today, today + 1];
  if (period === "month") {
    const date = new Date(today * DAY_MS);
    const [year, month] = [date.getUTCFullYear(), date.getUTCMonth() + 1];
    return [dayNumber(year, month, 1), dayNumber(year, month + 1, 1)];
  }
  // Weeks begin on Monday (ISO 8601); day 0, 1970-01-01, was a Thursday.
  const monday = today - ((((today + 3) % 7) + 7) % 7);
  return [monday, monday + 7];
}

function dayNumber(year: number, month: number, day: number): number {
  return Date.UTC(year, month - 1, day) / DAY_MS;
}

function localDay(wall: number, timeZone: string): Day {
  const fields: Record<string, string> = {};
  for (const { type, value } of zoneFormat(timeZone).formatToParts(wall)) fields[type] = value;
  const year = Number(fields["year"]);
  return {
    year: fields["era"] === "BC" ? 1 - year : year,
    month: Number(fields["month"]),
    day: Number(fields["day"]),
  };
}

const QUARTER_MS = 900_000;

/**
 * The first millisecond of a local day. Offsets reach from -14 to +14 hours; quarters of an hour are
 * tried in order, because a date can come twice, and bisected.
 */
function startOfDay(day: number, timeZone: string): number {
  const begun = (at: number): boolean => {
    const local = localDay(at, timeZone);
    return dayNumber(local.year, local.month, local.day) >= day;
  };
  let high = day * DAY_MS - 60 * QUARTER_MS;
  while (!begun(high)) high += QUARTER_MS;
  let low = high - QUARTER_MS;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (begun(middle)) high = middle;
    else low = middle;
  }
  return high;
}
