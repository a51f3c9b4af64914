/**
 * A window in parts: time is cut into parts of g = ceil(W / parts), and the sum over the current and
 * the last `parts` whole parts stays <= N. Any half-open window of length W touches at most
 * parts + 1 of them, all summed at the latest admission in it. Capacity returns up to g late, so the
 * rate is N / (W + g); the state is parts + 6 numbers whatever N is. (docs/theory.md)
 *
 * State: the start of the newest part, its index in the ring (plus one; 0 when empty), what a booking
 * ahead put out of the ring although it still counts, the start of the newest part of that, the
 * newest instant, the sums.
 */

import { type Earliest, NEVER, type PartsLimit } from "../limit.ts";

const START = 0;
const NEWEST = 1;
/** Means something only while the newest part lies ahead: it matters when that is cancelled. */
const LOST = 2;
const LOST_AT = 3;
const LATEST = 4;
/** How many numbers precede the sums. */
const HEADER = 5;

export function size(limit: PartsLimit): number {
  return HEADER + limit.parts + 1;
}

/** A cost in whole grains, rounded up. */
export function grains(limit: PartsLimit, cost: number): number {
  return Math.ceil(cost / limit.grain) * limit.grain;
}

export function earliest(
  limit: PartsLimit,
  cells: Float64Array,
  base: number,
  asked: number,
  now: number,
): Earliest {
  const cost = grains(limit, asked);
  const most = grains(limit, limit.count);
  if (cost > most) return NEVER;
  const from = now > cells[base + START]! ? now : cells[base + START]!;
  if (cells[base + NEWEST] === 0) return from;
  const rings = limit.parts + 1;
  const start = cells[base + START]!;
  // Sum what still counts at `from`; then let the oldest parts leave, one by one.
  const passed = Math.floor((from - start) / limit.part);
  let sum = 0;
  for (let age = 0; age + passed < rings; age++) sum += cells[slot(limit, cells, base, age)]!;
  if (sum + cost <= most) return from;
  for (let age = rings - 1 - passed; age >= 0; age--) {
    sum -= cells[slot(limit, cells, base, age)]!;
    if (sum + cost <= most) return start + (rings - age) * limit.part;
  }
  return from;
}

export function commit(
  limit: PartsLimit,
  cells: Float64Array,
  base: number,
  asked: number,
  at: number,
  now: number,
): void {
  advance(limit, cells, base, at, now);
  cells[slot(limit, cells, base, 0)]! += grains(limit, asked);
  if (at > cells[base + LATEST]!) cells[base + LATEST] = at;
}

/** Turns the ring so that its newest part holds `at`. The first part starts at the first instant. */
function advance(
  limit: PartsLimit,
  cells: Float64Array,
  base: number,
  at: number,
  now: number,
): void {
  const rings = limit.parts + 1;
  const start = cells[base + START]!;
  if (start <= now) cells[base + LOST] = 0;
  const passed = Math.floor((at - start) / limit.part);
  // Parts are counted anew where none is left that they must not overlap.
  if (cells[base + NEWEST] === 0) {
    cells[base + NEWEST] = 1;
    cells[base + START] = cells[base + LOST] === 0 ? at : start + Math.max(0, passed) * limit.part;
    return;
  }
  if (passed <= 0) return;
  const next = start + passed * limit.part;
  for (let age = Math.max(0, rings - passed); age < rings; age++) {
    const index = slot(limit, cells, base, age);
    if (at > now) lose(limit, cells, base, cells[index]!, start - age * limit.part, now);
    cells[index] = 0;
  }
  cells[base + NEWEST] = ((cells[base + NEWEST]! - 1 + passed) % rings) + 1;
  cells[base + START] = passed >= rings && cells[base + LOST] === 0 ? at : next;
}

/** Notes what leaves the ring before its time, because something is booked ahead. */
function lose(
  limit: PartsLimit,
  cells: Float64Array,
  base: number,
  sum: number,
  start: number,
  now: number,
): void {
  if (sum === 0 || start + (limit.parts + 1) * limit.part <= now) return;
  const lost = cells[base + LOST]!;
  cells[base + LOST_AT] = lost === 0 ? start : Math.max(start, cells[base + LOST_AT]!);
  cells[base + LOST] = lost + sum;
}

/**
 * Nothing is booked into the newest part any more: it need not close the time before it. Not beyond
 * what is booked or lost, which counts from where it was.
 */
function retreat(limit: PartsLimit, cells: Float64Array, base: number, now: number): void {
  const rings = limit.parts + 1;
  const start = cells[base + START]!;
  const lost = cells[base + LOST]!;
  // Sums of more would not be exact.
  if (lost > 4 * limit.count) return;
  const lostAge = lost === 0 ? Infinity : ageOf(limit, cells, base, cells[base + LOST_AT]!);
  let empty = 0;
  while (empty < rings && cells[slot(limit, cells, base, empty)] === 0) empty++;
  // Instants are not negative.
  const most = Math.min(Math.ceil((start - now) / limit.part), Math.floor(start / limit.part));
  const back = Math.min(most, lostAge, empty < rings ? empty : Infinity);
  if (back <= 0) return;
  cells[base + START] = start - back * limit.part;
  cells[base + NEWEST] = ((cells[base + NEWEST]! - 1 - (back % rings) + rings) % rings) + 1;
  if (lostAge - back > limit.parts) return;
  cells[slot(limit, cells, base, lostAge - back)]! += lost;
  cells[base + LOST] = 0;
}

export function idleFrom(limit: PartsLimit, cells: Float64Array, base: number): number {
  if (cells[base + NEWEST] === 0) return cells[base + START]!;
  return cells[base + START]! + (limit.parts + 1) * limit.part;
}

/** Moves the `units` that were admitted from `from` on to the part of `to`. */
export function raise(
  limit: PartsLimit,
  cells: Float64Array,
  base: number,
  from: number,
  units: number,
  to: number,
): void {
  if (cells[base + NEWEST] === 0) return;
  const raised = grains(limit, units);
  let left = raised;
  // Not from the parts after `to`: what is in those was booked ahead.
  const last = ageOf(limit, cells, base, to);
  if (last > limit.parts) {
    // A booking has put all of it out of the ring, and it is among what was lost.
    const start = cells[base + START]! - last * limit.part;
    cells[base + LOST_AT] = Math.max(cells[base + LOST_AT]!, start);
    return;
  }
  for (let age = Math.min(limit.parts, ageOf(limit, cells, base, from)); age >= last; age--) {
    const index = slot(limit, cells, base, age);
    const moved = Math.min(left, cells[index]!);
    cells[index]! -= moved;
    left -= moved;
  }
  if (to > cells[base + LATEST]!) cells[base + LATEST] = to;
  advance(limit, cells, base, to, to);
  cells[slot(limit, cells, base, ageOf(limit, cells, base, to))]! += raised;
}

/** How many parts the part of an instant is older than the newest. */
function ageOf(limit: PartsLimit, cells: Float64Array, base: number, at: number): number {
  return Math.max(0, Math.ceil((cells[base + START]! - at) / limit.part));
}

/** Gives `units` of `cost` back to the part of `at`, if that still counts; later promises stay valid. */
export function refund(
  limit: PartsLimit,
  cells: Float64Array,
  base: number,
  units: number,
  cost: number,
  at: number,
  now: number,
): void {
  if (cells[base + NEWEST] === 0) return;
  const age = ageOf(limit, cells, base, at);
  if (age > limit.parts) return;
  const index = slot(limit, cells, base, age);
  const given = grains(limit, cost) - grains(limit, cost - units);
  cells[index] = Math.max(0, cells[index]! - given);
  retreat(limit, cells, base, now);
}

/**
 * What each part holds, oldest first, at the latest instant at which it can have been admitted;
 * before them what a booking put out of the ring.
 */
export function sums(
  limit: PartsLimit,
  cells: Float64Array,
  base: number,
  now: number,
): { at: number; units: number }[] {
  if (cells[base + NEWEST] === 0) return [];
  const entry = (start: number, units: number): { at: number; units: number } => ({
    at: Math.min(start + limit.part - 1, cells[base + LATEST]!),
    units,
  });
  const ahead = cells[base + START]! > now;
  const lost = entry(cells[base + LOST_AT]!, ahead ? cells[base + LOST]! : 0);
  const kept = Array.from({ length: limit.parts + 1 }, (_, i) =>
    entry(
      cells[base + START]! - (limit.parts - i) * limit.part,
      cells[slot(limit, cells, base, limit.parts - i)]!,
    ),
  );
  return [lost, ...kept].filter(({ units }) => units > 0);
}

/** The sum over the current and the last `parts` whole parts at `now`. */
export function used(limit: PartsLimit, cells: Float64Array, base: number, now: number): number {
  if (cells[base + NEWEST] === 0) return 0;
  const passed = Math.max(0, Math.floor((now - cells[base + START]!) / limit.part));
  let sum = 0;
  for (let age = 0; age + passed <= limit.parts; age++)
    sum += cells[slot(limit, cells, base, age)]!;
  return sum;
}

/** Before it nothing passes, though it holds nothing that would say so: a cold start that is ahead. */
export function floorOf(limit: PartsLimit, cells: Float64Array, base: number): number {
  const known = cells[base + NEWEST] !== 0 && cells[slot(limit, cells, base, 0)]! > 0;
  return known ? 0 : cells[base + START]!;
}

/** Nothing before `instant`, as if all had been used so that it returns then. */
export function setFloor(
  limit: PartsLimit,
  cells: Float64Array,
  base: number,
  instant: number,
): void {
  if (instant <= cells[base + START]!) return;
  if (cells[base + NEWEST] === 0) cells[base + START] = instant;
  else advance(limit, cells, base, instant, instant);
  cells[base + LOST] = grains(limit, limit.count);
  cells[base + LOST_AT] = cells[base + START]! - (limit.parts + 1) * limit.part;
}

/** Moves the state by so many microseconds; what would lie before the clock's zero is over. */
export function shift(limit: PartsLimit, cells: Float64Array, base: number, by: number): void {
  const start = cells[base + START]!;
  if (start === 0 && cells[base + NEWEST] === 0) return;
  if (start + by < 0) return void cells.fill(0, base, base + size(limit));
  cells[base + START] = start + by;
  cells[base + LOST_AT]! += by;
  cells[base + LATEST]! += by;
}

/** The index of the part that is `age` parts older than the newest. */
function slot(limit: PartsLimit, cells: Float64Array, base: number, age: number): number {
  const rings = limit.parts + 1;
  return base + HEADER + ((cells[base + NEWEST]! - 1 - age + rings) % rings);
}
