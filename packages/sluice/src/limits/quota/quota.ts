/**
 * At most `count` in a period of the wall clock. Borders are computed here, cached, and are plain
 * numbers everywhere else. What does not fit any more is booked into the next period.
 *
 * State: the start of the newest period that was booked into (microseconds since the epoch), what is
 * used of it, what was used of the one before it, should the booking be cancelled, and the newest
 * instant on the store's clock, which tells a booking ahead from a wall clock that was set back.
 */

import { type Earliest, type Moment, NEVER, type QuotaLimit } from "../limit.ts";
import { type Borders, bordersAt } from "./borders.ts";

const START = 0;
const USED = 1;
const BEFORE = 2;
const LAST = 3;
export const QUOTA_SIZE = 4;

/** A state as the wall clock of the moment has it; the empty one began before all time. */
interface Reckoned {
  readonly start: number;
  readonly used: number;
  readonly before: number;
  /** The newest admission, in microseconds since the epoch. */
  readonly last: number;
}

/**
 * Set back by no more than a period, the clock is obeyed literally: whatever was used stays used, in
 * its own period. Set back further, that would be to wait for a date of long ago. Then what was
 * used counts in the period in which it was made by the clock as it is now, together with what the
 * period before had taken, for the two may have become one.
 */
function reckon(limit: QuotaLimit, cells: Float64Array, base: number, moment: Moment): Reckoned {
  const start = cells[base + START]!;
  const used = cells[base + USED]!;
  const before = cells[base + BEFORE]!;
  const last = cells[base + LAST]! + (moment.wall - moment.now);
  if (used === 0 && before === 0) return { start: Number.NEGATIVE_INFINITY, used, before, last };
  if (last >= start || bordersAt(limit, last).end >= start) return { start, used, before, last };
  const made = bordersAt(limit, last);
  return { start: made.start, used: used + before, before: limit.count, last };
}

/** How much of a period at or after the moment's is taken; all of it before a booking ahead. */
function taken(state: Reckoned, borders: Borders, wall: number): number {
  if (state.start < borders.start) return 0;
  if (state.start === borders.start) return state.used;
  // Nothing is booked ahead, so the clock was set back over the border: both sides count here.
  return state.last <= wall ? state.used + state.before : Number.POSITIVE_INFINITY;
}

export function earliest(
  limit: QuotaLimit,
  cells: Float64Array,
  base: number,
  cost: number,
  moment: Moment,
): Earliest {
  if (cost > limit.count) return NEVER;
  const { now, wall } = moment;
  const state = reckon(limit, cells, base, moment);
  let borders = bordersAt(limit, wall);
  if (fits(limit, taken(state, borders, wall) + cost, wall, borders)) return now;
  if (state.start > borders.start) {
    borders = bordersAt(limit, state.start);
    if (fits(limit, state.used + cost, borders.start, borders)) {
      return now + (borders.start - wall);
    }
  }
  return now + (borders.end - wall);
}

function fits(limit: QuotaLimit, sum: number, at: number, borders: Borders): boolean {
  return sum <= limit.count && at < borders.end - limit.guard;
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
  const state = reckon(limit, cells, base, moment);
  const borders = bordersAt(limit, moment.wall + (at - moment.now));
  const last = Math.max(cells[base + LAST]!, at);
  const { start, used, before } = state;
  if (borders.start === start) return write(cells, base, start, used + cost, before, last);
  if (borders.start < start) return write(cells, base, start, used, before + cost, last);
  const { end } = used === 0 ? borders : bordersAt(limit, start);
  // What is less than a period ago still counts should the clock be set back.
  const recent = end === borders.start || at - cells[base + LAST]! < end - start;
  write(cells, base, borders.start, cost, recent ? used : 0, last);
}

function write(
  cells: Float64Array,
  base: number,
  start: number,
  used: number,
  before: number,
  last: number,
): void {
  cells[base + START] = start;
  cells[base + USED] = used;
  cells[base + BEFORE] = before;
  cells[base + LAST] = last;
}

/** The instant on the store's clock from which the state equals the empty one. */
export function idleFrom(
  limit: QuotaLimit,
  cells: Float64Array,
  base: number,
  moment: Moment,
): number {
  const { start } = reckon(limit, cells, base, moment);
  if (start === Number.NEGATIVE_INFINITY) return 0;
  const { end } = bordersAt(limit, start);
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
  const { start } = reckon(limit, cells, base, moment);
  if (bordersAt(limit, moment.wall).start <= start) return;
  commit(limit, cells, base, units, moment.now, moment);
}

/** Gives `units` back to the period of `at`, if that is one of the two that are known. */
export function refund(
  limit: QuotaLimit,
  cells: Float64Array,
  base: number,
  units: number,
  at: number,
  moment: Moment,
): void {
  const { start, used, before } = reckon(limit, cells, base, moment);
  const last = cells[base + LAST]!;
  const borders = bordersAt(limit, moment.wall + (at - moment.now));
  if (borders.end === start) {
    return write(cells, base, start, used, Math.max(0, before - units), last);
  }
  if (borders.start !== start) return;
  const left = Math.max(0, used - units);
  if (left > 0 || start <= moment.wall) return write(cells, base, start, left, before, last);
  // A period ahead that nothing is booked into any more: back to the end of the one before it.
  const newest = Math.min(last, moment.now + (start - 1 - moment.wall));
  write(cells, base, bordersAt(limit, start - 1).start, before, limit.count, newest);
}

export function used(limit: QuotaLimit, cells: Float64Array, base: number, moment: Moment): number {
  return current(limit, cells, base, moment).used;
}

/** The period that counts: the state's own when it is booked ahead. */
function current(
  limit: QuotaLimit,
  cells: Float64Array,
  base: number,
  moment: Moment,
): { borders: Borders; used: number } {
  const state = reckon(limit, cells, base, moment);
  const borders = bordersAt(limit, moment.wall);
  const units = taken(state, borders, moment.wall);
  if (units === Number.POSITIVE_INFINITY) {
    return { borders: bordersAt(limit, state.start), used: state.used };
  }
  return { borders, used: Math.min(units, limit.count) };
}

/** Where the period that counts ends, on the store's clock. */
export function resetAt(
  limit: QuotaLimit,
  cells: Float64Array,
  base: number,
  moment: Moment,
): number {
  return moment.now + (current(limit, cells, base, moment).borders.end - moment.wall);
}

/** The current period is used up. */
export function setUsed(
  limit: QuotaLimit,
  cells: Float64Array,
  base: number,
  moment: Moment,
): void {
  write(cells, base, bordersAt(limit, moment.wall).start, limit.count, 0, moment.now);
}

/** What the newest period of `old` took counts in a period of `limit`, which has no state yet. */
export function carryOver(
  old: QuotaLimit,
  from: { readonly cells: Float64Array; readonly base: number },
  limit: QuotaLimit,
  cells: Float64Array,
  base: number,
  moment: Moment,
): void {
  const { now, wall } = moment;
  const { start, used } = reckon(old, from.cells, from.base, moment);
  if (used === 0) return;
  const period = bordersAt(limit, Math.max(start, wall));
  if (start < period.start && bordersAt(old, start).end <= wall) return;
  // Booked ahead, it closes the time before it; of the period before nothing is known.
  const last = Math.max(from.cells[from.base + LAST]!, now + (period.start - wall));
  write(cells, base, period.start, used, limit.count, last);
}

/** Moves a saved state by so many microseconds on the store's clock; the wall clock is the same. */
export function shift(cells: Float64Array, base: number, by: number): void {
  cells[base + LAST]! += by;
}
