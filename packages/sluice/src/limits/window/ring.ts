/**
 * The exact window. With admissions a(0) <= a(1) <= …, if a(k) >= a(k - N) + W for every k and
 * every rate N per W, no window W holds more than N: N + 1 admissions inside it would include some
 * k and k - N less than W apart. One ring of the largest N serves all rates; a cost of w checks
 * only slot k + w - 1 - N. (Multi-rate ring theorem, docs/theory.md.)
 *
 * State: capacity, index of the next write, how many instants are known, the newest instant ever
 * promised (a floor once instants have left the log), then the instants.
 */

import { type Earliest, NEVER, type WindowLimit } from "../limit.ts";

const CAPACITY = 0;
const NEXT = 1;
const KNOWN = 2;
const LAST = 3;
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
  const last = cells[base + LAST]!;
  const known = cells[base + KNOWN]!;
  let instant = last > now ? last : now;
  const { rates } = limit;
  for (let i = 0; i < rates.length; i++) {
    const rate = rates[i]!;
    if (cost > rate.count) return NEVER;
    // How many of the newest instants stay outside the window of the last unit of this cost.
    const back = rate.count - cost + 1;
    if (back > known) continue;
    const free = instantAt(cells, base, back) + rate.span;
    if (free > instant) instant = free;
  }
  return instant;
}

/** How many numbers the state must have so that `cost` can be committed at `at`. */
export function room(
  limit: WindowLimit,
  cells: Float64Array,
  base: number,
  cost: number,
  at: number,
): number {
  const capacity = cells[base + CAPACITY]!;
  if (capacity >= limit.most) return RING_HEADER + capacity;
  // Instants older than the widest window are overwritten before the ring grows.
  let live = cells[base + KNOWN]!;
  while (live > 0 && live + cost > capacity) {
    if (instantAt(cells, base, live) + limit.widest > at) break;
    live--;
  }
  if (live + cost <= capacity) return RING_HEADER + capacity;
  let grown = capacity || 1;
  while (grown < live + cost) grown *= 2;
  return RING_HEADER + Math.min(grown, limit.most);
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
  to[target + LAST] = from[base + LAST]!;
  for (let i = 0; i < known; i++) {
    to[target + RING_HEADER + i] = instantAt(from, base, known - i);
  }
}

export function commit(cells: Float64Array, base: number, cost: number, at: number): void {
  const capacity = cells[base + CAPACITY]!;
  let next = cells[base + NEXT]!;
  for (let i = 0; i < cost; i++) {
    cells[base + RING_HEADER + next] = at;
    if (++next === capacity) next = 0;
  }
  cells[base + NEXT] = next;
  const known = cells[base + KNOWN]! + cost;
  cells[base + KNOWN] = known < capacity ? known : capacity;
  cells[base + LAST] = at;
}

/** The instant from which the state equals the empty one. */
export function idleFrom(limit: WindowLimit, cells: Float64Array, base: number): number {
  const last = cells[base + LAST]!;
  return last === 0 ? 0 : last + limit.widest;
}

/** Raises all instants from `from` on to `to`: their callers ran no later. */
export function raise(cells: Float64Array, base: number, from: number, to: number): void {
  const known = cells[base + KNOWN]!;
  for (let back = 1; back <= known; back++) {
    const slot = slotOf(cells, base, back);
    if (cells[slot]! < from) break;
    if (cells[slot]! < to) cells[slot] = to;
  }
  if (cells[base + LAST]! < to) cells[base + LAST] = to;
}

/**
 * Takes `units` instants of an admission made at `at` out of the log, which is always safe: what
 * was forgotten for them was older than every window at the newest instant, and that stays the
 * floor. `cancelled` also lowers the floor when nothing had been forgotten.
 */
export function refund(
  limit: WindowLimit,
  cells: Float64Array,
  base: number,
  units: number,
  at: number,
  cancelled: boolean,
): void {
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
  const full = known === limit.most;
  if (cancelled && !full) {
    cells[base + LAST] = known > found ? instantAt(cells, base, 1) : 0;
  }
}

/** All known instants, oldest first. */
export function instants(cells: Float64Array, base: number): number[] {
  const known = cells[base + KNOWN]!;
  return Array.from({ length: known }, (_, i) => instantAt(cells, base, known - i));
}

/** The newest instant promised, before which nothing passes any more. */
export function floorOf(cells: Float64Array, base: number): number {
  return cells[base + LAST]!;
}

/** Nothing before `instant`: for a cold start and for histories that are unknown. */
export function setFloor(cells: Float64Array, base: number, instant: number): void {
  if (cells[base + LAST]! < instant) cells[base + LAST] = instant;
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
  let slot = cells[base + NEXT]! - back;
  if (slot < 0) slot += cells[base + CAPACITY]!;
  return base + RING_HEADER + slot;
}

function instantAt(cells: Float64Array, base: number, back: number): number {
  return cells[slotOf(cells, base, back)]!;
}
