/**
 * At most `count` in a period of the wall clock. Borders are computed here, cached, and are plain
 * numbers everywhere else. What does not fit any more is booked into the next period.
 *
 * State: the start of the newest period that was booked into (microseconds since the epoch), what is
 * used of it, and what was used of the one before it, should the booking be cancelled.
 */

import { type Earliest, type Moment, NEVER, type QuotaLimit } from "../limit.ts";
import { periodAt } from "./calendar.ts";

const START = 0;
const USED = 1;
const BEFORE = 2;
export const QUOTA_SIZE = 3;
/** Nothing is booked so far ahead: ten years. */
const FARTHEST = 3650 * 86_400e6;

/** A period in microseconds since the epoch, half-open. */
interface Borders {
  readonly start: number;
  readonly end: number;
}

const cached = new Map<string, Borders>();

/** The period that holds `wall`, in microseconds since the epoch. */
export function bordersAt(limit: QuotaLimit, wall: number): Borders {
  const { period, anchor } = limit;
  if (typeof period === "number") {
    const start = wall - mod(wall - anchor, period);
    return { start, end: start + period };
  }
  const name = `${period} ${limit.timeZone}`;
  let borders = cached.get(name);
  if (!borders || wall < borders.start || wall >= borders.end) {
    const { start, end } = periodAt(period, limit.timeZone, Math.floor(wall / 1e3));
    borders = { start: start * 1e3, end: end * 1e3 };
    cached.set(name, borders);
  }
  return borders;
}

export function earliest(
  limit: QuotaLimit,
  cells: Float64Array,
  base: number,
  cost: number,
  moment: Moment,
): Earliest {
  if (cost > limit.count) return NEVER;
  const { borders, used } = current(limit, cells, base, moment.wall);
  const open = Math.max(borders.start, moment.wall);
  if (used + cost <= limit.count && open < borders.end - limit.guard) {
    return moment.now + (open - moment.wall);
  }
  return moment.now + (borders.end - moment.wall);
}

/** Commits at `at`, which is `moment.now` or later. */
export function commit(
  limit: QuotaLimit,
  cells: Float64Array,
  base: number,
  cost: number,
  at: number,
  moment: Moment,
): void {
  const { borders, used } = current(limit, cells, base, moment.wall + (at - moment.now));
  if (cells[base + START] !== borders.start) {
    const next = bordersAt(limit, cells[base + START]!).end === borders.start;
    cells[base + BEFORE] = next ? cells[base + USED]! : 0;
  }
  cells[base + START] = borders.start;
  cells[base + USED] = used + cost;
}

/** The period that counts at `wall`: the state's own when that is the next one, booked ahead. */
function current(
  limit: QuotaLimit,
  cells: Float64Array,
  base: number,
  wall: number,
): { borders: Borders; used: number } {
  const borders = bordersAt(limit, wall);
  const start = cells[base + START]!;
  const used = cells[base + USED]!;
  if (start < borders.start) return { borders, used: 0 };
  if (start === borders.start) return { borders, used };
  // Booked ahead; or the wall clock was set back, if it is further ahead than anybody books.
  const booked = bordersAt(limit, start);
  const ahead = start - borders.start;
  if (ahead > FARTHEST && ahead > 2 * (booked.end - booked.start)) return { borders, used };
  return { borders: booked, used };
}

/** The instant on the store's clock from which the state equals the empty one. */
export function idleFrom(
  limit: QuotaLimit,
  cells: Float64Array,
  base: number,
  moment: Moment,
): number {
  if (cells[base + START] === 0 && cells[base + USED] === 0) return 0;
  const { end } = bordersAt(limit, cells[base + START]!);
  return Math.max(0, moment.now + (end - moment.wall));
}

/** When this turn's callers run in a later period, what it admitted counts there. */
export function raise(
  limit: QuotaLimit,
  cells: Float64Array,
  base: number,
  units: number,
  moment: Moment,
): void {
  if (bordersAt(limit, moment.wall).start <= cells[base + START]!) return;
  commit(limit, cells, base, units, moment.now, moment);
}

/** Gives `units` back to the period of `at`, if that is still the one that counts. */
export function refund(
  limit: QuotaLimit,
  cells: Float64Array,
  base: number,
  units: number,
  at: number,
  moment: Moment,
): void {
  const { start } = bordersAt(limit, moment.wall + (at - moment.now));
  if (start !== cells[base + START]) return;
  cells[base + USED] = Math.max(0, cells[base + USED]! - units);
  // A period ahead that nothing is booked into any more: back to the one before it.
  if (cells[base + USED] !== 0 || start <= moment.wall) return;
  cells[base + START] = bordersAt(limit, start - 1).start;
  cells[base + USED] = cells[base + BEFORE]!;
  cells[base + BEFORE] = limit.count;
}

export function used(limit: QuotaLimit, cells: Float64Array, base: number, moment: Moment): number {
  return current(limit, cells, base, moment.wall).used;
}

/** Where the period that counts ends, on the store's clock. */
export function resetAt(
  limit: QuotaLimit,
  cells: Float64Array,
  base: number,
  moment: Moment,
): number {
  return moment.now + (current(limit, cells, base, moment.wall).borders.end - moment.wall);
}

/** The current period is used up. */
export function setUsed(
  limit: QuotaLimit,
  cells: Float64Array,
  base: number,
  moment: Moment,
): void {
  cells[base + START] = bordersAt(limit, moment.wall).start;
  cells[base + USED] = limit.count;
}

function mod(a: number, b: number): number {
  const rest = a % b;
  return rest < 0 ? rest + b : rest;
}
