/**
 * The exact window. With admissions a(0) <= a(1) <= …, if a(k) >= a(k - N) + W for every k and
 * every rate N per W, no window W holds more than N: N + 1 admissions inside it would include some
 * k and k - N less than W apart. One ring of the largest N serves all rates; a cost of w checks
 * only slot k + w - 1 - N. (Multi-rate ring theorem, docs/theory.md.)
 *
 * State: capacity, index of the next write, how many instants are known, a floor before which nothing
 * passes (a cold start that counts as used), then the instants, which never fall.
 */

import { type Earliest, NEVER, type WindowLimit } from "../limit.ts";

const CAPACITY = 0;
const NEXT = 1;
const KNOWN = 2;
const FLOOR = 3;
/** How many numbers precede the instants. */
export const RING_HEADER = 4;

export function earliest(
  limit: WindowLimit,
  cells: Float64Array,
  base: number,
  cost: number,
  now: number,
): Earliest {
  if (cost > limit.most) return NEVER;
  const capacity = cells[base + CAPACITY]! | 0;
  const next = cells[base + NEXT]! | 0;
  const known = cells[base + KNOWN]! | 0;
  const first = base + RING_HEADER;
  let instant = cells[base + FLOOR]!;
  if (now > instant) instant = now;
  if (known > 0) {
    const newest = cells[first + wrapped(next - 1, capacity)]!;
    if (newest > instant) instant = newest;
  }
  const { rates } = limit;
  for (let i = 0; i < rates.length; i++) {
    const { count, span } = rates[i]!;
    if (cost > count) return NEVER;
    // How many of the newest instants stay outside the window of the last unit of this cost.
    const back = count - cost + 1;
    if (back > known) continue;
    const free = cells[first + wrapped(next - back, capacity)]! + span;
    if (free > instant) instant = free;
  }
  return instant;
}

/**
 * `earliest` of one unit under one rate, where a look at one slot tells and there is room; else NaN.
 * When it is `now`, `fill` takes it.
 */
export function earliestOfOne(
  limit: WindowLimit,
  cells: Float64Array,
  base: number,
  now: number,
): Earliest {
  const capacity = cells[base + CAPACITY]! | 0;
  const known = cells[base + KNOWN]! | 0;
  if (known === 0 || capacity > limit.most || limit.rates.length > 1) return Number.NaN;
  const next = cells[base + NEXT]! | 0;
  const place = base + RING_HEADER + next;
  let until = cells[base + FLOOR]!;
  if (now > until) until = now;
  const newest = cells[next === 0 ? place + capacity - 1 : place - 1]!;
  if (newest > until) until = newest;
  if (known < capacity) return until;
  const free = cells[place]! + limit.widest;
  if (capacity < limit.most) return free > now ? Number.NaN : until;
  return free > until ? free : until;
}

/** Commits one unit at `now`, to which `earliestOfOne` has just said yes. */
export function fill(cells: Float64Array, base: number, now: number): void {
  const capacity = cells[base + CAPACITY]! | 0;
  const known = cells[base + KNOWN]! | 0;
  const next = cells[base + NEXT]! | 0;
  if (known < capacity) cells[base + KNOWN] = known + 1;
  cells[base + NEXT] = next + 1 < capacity ? next + 1 : 0;
  cells[base + RING_HEADER + next] = now;
}

/** Whether there is room for `cost` without growing: free slots, or old instants to overwrite. */
export function fits(
  limit: WindowLimit,
  cells: Float64Array,
  base: number,
  cost: number,
  now: number,
): boolean {
  const capacity = cells[base + CAPACITY]! | 0;
  if (cells[base + KNOWN]! + cost <= capacity) return true;
  if (cost > capacity) return false;
  // The newest of the instants that would be overwritten.
  const last = (cells[base + NEXT]! | 0) + cost - 1;
  return (
    cells[base + RING_HEADER + (last < capacity ? last : last - capacity)]! + limit.widest <= now
  );
}

/**
 * How many numbers the state must have so that `cost` can be committed. Instants older than the
 * widest window at `now` are overwritten before the ring grows; those that still count never are,
 * even when the commit is booked far ahead and may be cancelled again.
 */
export function room(
  limit: WindowLimit,
  cells: Float64Array,
  base: number,
  cost: number,
  now: number,
): number {
  const capacity = cells[base + CAPACITY]!;
  let live = cells[base + KNOWN]!;
  while (live > 0 && live + cost > capacity) {
    if (instantAt(cells, base, live) + limit.widest > now) break;
    live--;
  }
  if (live + cost <= capacity) return RING_HEADER + capacity;
  let grown = capacity || 1;
  while (grown < live + cost) grown *= 2;
  return RING_HEADER + (live + cost <= limit.most ? Math.min(grown, limit.most) : grown);
}

/** Moves the state into a larger, zeroed place. */
export function move(
  from: Float64Array,
  base: number,
  to: Float64Array,
  target: number,
  size: number,
): void {
  const known = Math.min(from[base + KNOWN]!, size - RING_HEADER);
  to[target + CAPACITY] = size - RING_HEADER;
  to[target + NEXT] = known === size - RING_HEADER ? 0 : known;
  to[target + KNOWN] = known;
  to[target + FLOOR] = from[base + FLOOR]!;
  for (let i = 0; i < known; i++) {
    to[target + RING_HEADER + i] = instantAt(from, base, known - i);
  }
}

/** Commits `cost` units at `at`, for which there is room. */
export function commit(cells: Float64Array, base: number, cost: number, at: number): void {
  const capacity = cells[base + CAPACITY]!;
  const first = base + RING_HEADER;
  const next = cells[base + NEXT]!;
  const end = next + cost;
  cells.fill(at, first + next, first + Math.min(end, capacity));
  if (end > capacity) cells.fill(at, first, first + end - capacity);
  cells[base + NEXT] = end < capacity ? end : end - capacity;
  const known = cells[base + KNOWN]! + cost;
  cells[base + KNOWN] = known < capacity ? known : capacity;
}

/** The instant from which the state equals the empty one. */
export function idleFrom(limit: WindowLimit, cells: Float64Array, base: number): number {
  const newest = cells[base + KNOWN] === 0 ? 0 : instantAt(cells, base, 1) + limit.widest;
  return Math.max(cells[base + FLOOR]!, newest);
}

/** Raises all instants from `from` on to `to`: their callers ran no later. */
export function raise(cells: Float64Array, base: number, from: number, to: number): void {
  const known = cells[base + KNOWN]!;
  for (let back = 1; back <= known; back++) {
    const slot = slotOf(cells, base, back);
    if (cells[slot]! < from) break;
    if (cells[slot]! < to) cells[slot] = to;
  }
}

/**
 * Takes `units` instants of an admission made at `at` out of the log: always safe, since what was
 * overwritten before no longer counted.
 */
export function refund(cells: Float64Array, base: number, units: number, at: number): void {
  const known = cells[base + KNOWN]!;
  // The log is sorted: find the newest entry that is not after `at`.
  let low = 1;
  let high = known + 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (instantAt(cells, base, middle) > at) low = middle + 1;
    else high = middle;
  }
  let found = 0;
  while (found < units && low + found <= known && instantAt(cells, base, low + found) === at)
    found++;
  for (let back = low - 1; back >= 1; back--) {
    cells[slotOf(cells, base, back + found)] = instantAt(cells, base, back);
  }
  const capacity = cells[base + CAPACITY]!;
  if (capacity > 0) cells[base + NEXT] = (cells[base + NEXT]! - found + capacity) % capacity;
  cells[base + KNOWN] = known - found;
}

/** All known instants, oldest first. */
export function instants(cells: Float64Array, base: number): number[] {
  const known = cells[base + KNOWN]!;
  return Array.from({ length: known }, (_, i) => instantAt(cells, base, known - i));
}

/** Before it nothing passes, whatever the instants say. */
export function floorOf(cells: Float64Array, base: number): number {
  return cells[base + FLOOR]!;
}

/** Nothing before `instant`: for a cold start and for histories that are unknown. */
export function setFloor(cells: Float64Array, base: number, instant: number): void {
  if (cells[base + FLOOR]! < instant) cells[base + FLOOR] = instant;
}

/** How many units fall into the window that ends at `now`; instants ahead count too. */
export function used(rate: Rate, cells: Float64Array, base: number, now: number): number {
  const known = cells[base + KNOWN]!;
  let low = 0;
  let high = Math.min(known, rate.count);
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (instantAt(cells, base, middle) + rate.span > now) low = middle;
    else high = middle - 1;
  }
  return low;
}

type Rate = WindowLimit["rates"][number];

/** The index of the `back`-th newest entry; 1 is the newest. */
function slotOf(cells: Float64Array, base: number, back: number): number {
  return base + RING_HEADER + wrapped(cells[base + NEXT]! - back, cells[base + CAPACITY]!);
}

function wrapped(slot: number, capacity: number): number {
  return slot < 0 ? slot + capacity : slot;
}

function instantAt(cells: Float64Array, base: number, back: number): number {
  return cells[slotOf(cells, base, back)]!;
}
