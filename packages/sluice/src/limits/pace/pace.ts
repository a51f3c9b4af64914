/**
 * GCRA, the virtual-scheduling form of the leaky and the token bucket (ITU-T I.371): one unit takes
 * T = micros / units, and a cost passes when the work promised so far leaves room within the burst.
 * At most burst - 1 + catchUp + ceil(rate * W) units in any half-open W.
 *
 * T need not be whole: the theoretical arrival time is whole microseconds and a remainder in
 * 1/units of one, so nothing is rounded but the answer, and no unit of a burst is lost to rounding.
 *
 * State: theoretical arrival time, its remainder, the newest instant promised, and the one before it.
 */

import { type Earliest, NEVER, type PaceLimit } from "../limit.ts";

const TAT = 0;
const REST = 1;
const LAST = 2;
const BEFORE = 3;
export const PACE_SIZE = 4;

export function earliest(
  limit: PaceLimit,
  cells: Float64Array,
  base: number,
  cost: number,
  now: number,
  since: number,
): Earliest {
  if (cost > limit.burst) return NEVER;
  const free = freeFrom(limit, cells, base, cost);
  const from = lateStart(limit, now, since);
  return free > from ? free : from;
}

/** From when on there is room for a cost of at most `burst`. */
export function freeFrom(
  limit: PaceLimit,
  cells: Float64Array,
  base: number,
  cost: number,
): Earliest {
  // What may still be owed when this cost passes, less the remainder, in 1/units of a microsecond.
  const spare = limit.burst * limit.micros - work(limit, cost) - cells[base + REST]!;
  return cells[base + TAT]! - floorDivide(spare, limit.units);
}

/** How late `catchUp` units may be: microseconds. */
export function catchUpMicros(limit: PaceLimit): number {
  return Math.floor((limit.catchUp * limit.micros) / limit.units);
}

/** Where a cost that passes at `at` counts from: a late waiter of `catchUp` on its own grid. */
function lateStart(limit: PaceLimit, at: number, since: number): number {
  if (limit.catchUp === 0 || since >= at) return at;
  return Math.max(since, at - catchUpMicros(limit));
}

export function commit(
  limit: PaceLimit,
  cells: Float64Array,
  base: number,
  cost: number,
  at: number,
  now: number,
  since: number,
): void {
  commitFrom(limit, cells, base, cost, at, at > now ? at : lateStart(limit, now, since));
}

/** Commits at `at` what counts from `start` on. */
export function commitFrom(
  limit: PaceLimit,
  cells: Float64Array,
  base: number,
  cost: number,
  at: number,
  start: number,
): void {
  if (cells[base + TAT]! < start) {
    cells[base + TAT] = start;
    cells[base + REST] = 0;
  }
  addWork(limit, cells, base, work(limit, cost));
  promise(cells, base, at);
}

/** Notes the newest instant; of several at one instant, cancelling one lowers nothing. */
function promise(cells: Float64Array, base: number, at: number): void {
  if (at < cells[base + LAST]!) return;
  cells[base + BEFORE] = cells[base + LAST]!;
  cells[base + LAST] = at;
}

export function idleFrom(cells: Float64Array, base: number): number {
  return cells[base + TAT]! + (cells[base + REST]! > 0 ? 1 : 0);
}

/**
 * The callers of this turn, `units` in all, ran no later than `to`: the state is what it would be
 * had they passed then, less what catching up allows.
 */
export function raise(
  limit: PaceLimit,
  cells: Float64Array,
  base: number,
  units: number,
  to: number,
): void {
  const from = to - catchUpMicros(limit);
  promise(cells, base, to);
  const raised = work(limit, units);
  const rest = limit.units === 1 ? 0 : raised % limit.units;
  const tat = from + (raised - rest) / limit.units;
  if (tat > cells[base + TAT]! || (tat === cells[base + TAT]! && rest > cells[base + REST]!)) {
    cells[base + TAT] = tat;
    cells[base + REST] = rest;
  }
}

/**
 * Gives `units` of an admission of `cost` at `at` back, as far as that lowers nothing that was
 * promised after it: a later promise at `last` counted on min(units, debt left at last).
 */
export function refund(
  limit: PaceLimit,
  cells: Float64Array,
  base: number,
  units: number,
  cost: number,
  at: number,
): void {
  const last = cells[base + LAST]!;
  let given = Math.floor(units * limit.micros);
  if (last > at) given = Math.min(given, work(limit, cost) - (last - at) * limit.units);
  if (given > 0) addWork(limit, cells, base, -given);
  if (units === cost && last === at) cells[base + LAST] = cells[base + BEFORE]!;
}

/** How much of the burst is taken at `now`, in units. */
export function used(limit: PaceLimit, cells: Float64Array, base: number, now: number): number {
  const owed = (cells[base + TAT]! - now) * limit.units + cells[base + REST]!;
  return Math.max(0, owed / limit.micros);
}

/** A state that owes `units` at `now`. */
export function owe(
  limit: PaceLimit,
  cells: Float64Array,
  base: number,
  units: number,
  now: number,
): void {
  cells[base + TAT] = now;
  cells[base + REST] = 0;
  cells[base + LAST] = now;
  cells[base + BEFORE] = now;
  addWork(limit, cells, base, Math.ceil(units * limit.micros));
}

/** What a cost takes, in 1/units of a microsecond. */
function work(limit: PaceLimit, cost: number): number {
  return Math.ceil(cost * limit.micros);
}

function addWork(limit: PaceLimit, cells: Float64Array, base: number, amount: number): void {
  const total = cells[base + REST]! + amount;
  const whole = floorDivide(total, limit.units);
  cells[base + TAT]! += whole;
  cells[base + REST] = total - whole * limit.units;
}

/** Exact for integers below 2^53, where the rounded quotient of a division is not. */
function floorDivide(amount: number, units: number): number {
  if (units === 1) return amount;
  const quotient = Math.floor(amount / units);
  const rest = amount - quotient * units;
  if (rest < 0) return quotient - 1;
  return rest >= units ? quotient + 1 : quotient;
}
