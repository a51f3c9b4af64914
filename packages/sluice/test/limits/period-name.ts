/** Names the period of a quota that an instant belongs to, by no code of the library. */

import type { QuotaLimit } from "../../src/limits/limit.ts";

/** A name for the period that holds `wall`, in microseconds since the epoch. */
export function periodName(limit: QuotaLimit, wall: number): string {
  if (typeof limit.period === "number") {
    const [since, period] = [BigInt(wall) - BigInt(limit.anchor), BigInt(limit.period)];
    const rest = ((since % period) + period) % period;
    return String((since - rest) / period);
  }
  const [year, month, day] = localDate(Math.floor(wall / 1e3), limit.timeZone);
  if (limit.period === "month") return `${year}-${month}`;
  if (limit.period === "day") return `${year}-${month}-${day}`;
  const date = new Date(Date.UTC(year!, month! - 1, day));
  const sinceMonday = (date.getUTCDay() + 6) % 7;
  date.setUTCDate(date.getUTCDate() - sinceMonday);
  return `the week from ${date.toISOString().slice(0, 10)}`;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Year, month and day on the calendars of a zone, from the Swedish form, which is the ISO one. */
function localDate(ms: number, timeZone: string): number[] {
  let format = formats.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short" });
    formats.set(timeZone, format);
  }
  return format.format(ms).split("-").map(Number);
}
