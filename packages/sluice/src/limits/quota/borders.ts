/** Borders of a quota's periods in microseconds since the epoch. */

import type { QuotaLimit } from "../limit.ts";
import { periodAt } from "./calendar.ts";

/** A period in microseconds since the epoch, half-open. */
export interface Borders {
  readonly start: number;
  readonly end: number;
}

/** The last two periods of each calendar: the present one, and one that is booked into. */
const cached = new Map<string, readonly Borders[]>();

/** The period that holds `wall`. */
export function bordersAt(limit: QuotaLimit, wall: number): Borders {
  const { period, anchor } = limit;
  if (typeof period === "number") {
    const start = wall - mod(wall - anchor, period);
    return { start, end: start + period };
  }
  const name = `${period} ${limit.timeZone}`;
  const known = cached.get(name) ?? [];
  for (const borders of known) if (wall >= borders.start && wall < borders.end) return borders;
  const { start, end } = periodAt(period, limit.timeZone, Math.floor(wall / 1e3));
  const borders = { start: start * 1e3, end: end * 1e3 };
  cached.set(name, [borders, ...known.slice(0, 1)]);
  return borders;
}

function mod(a: number, b: number): number {
  const rest = a % b;
  return rest < 0 ? rest + b : rest;
}
