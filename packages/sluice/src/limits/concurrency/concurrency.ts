/**
 * Never more than `slots` held at once. With a cooldown W a slot returns W after its completion, so
 * that a server sees at most `slots` per W whatever the delays: arrival <= completion (completion
 * theorem, docs/theory.md).
 *
 * State: capacity, how many slots are held, the slots' values, then their holders' tickets. A value
 * is 0 for a free slot, the instant from which it is free, or minus the end of its lease while held
 * (-Infinity without a lease).
 */

import { type ConcurrencyLimit, type Earliest, held, NEVER } from "../limit.ts";

const CAPACITY = 0;
const HELD = 1;
/** How many numbers precede the slots. */
export const SLOTS_HEADER = 2;

export function earliest(
  limit: ConcurrencyLimit,
  cells: Float64Array,
  base: number,
  cost: number,
  now: number,
): Earliest {
  if (cost > limit.slots) return NEVER;
  const capacity = cells[base + CAPACITY]!;
  let missing = cost - (limit.slots - capacity);
  if (missing <= 0) return now;
  const first = base + SLOTS_HEADER;
  for (let i = 0; i < capacity; i++) {
    if (freeFrom(limit, cells[first + i]!) <= now && --missing === 0) return now;
  }
  // Not now: the missing ones are those that cool down, in order, and then those that are held.
  const cooling: number[] = [];
  for (let i = 0; i < capacity; i++) {
    const value = cells[first + i]!;
    if (value > now) cooling.push(value);
  }
  cooling.sort((a, b) => a - b);
  if (missing <= cooling.length) return cooling[missing - 1]!;
  return held(cooling.length > 0 ? Math.max(now, cooling[cooling.length - 1]!) : now);
}

/** When a slot is free: a lease that ended returns it like a release at that instant. */
function freeFrom(limit: ConcurrencyLimit, value: number): number {
  return value < 0 ? limit.cooldown - value : value;
}

export function room(
  limit: ConcurrencyLimit,
  cells: Float64Array,
  base: number,
  cost: number,
  at: number,
): number {
  const capacity = cells[base + CAPACITY]!;
  let free = 0;
  for (let i = 0; i < capacity && free < cost; i++) {
    if (freeFrom(limit, cells[base + SLOTS_HEADER + i]!) <= at) free++;
  }
  if (free >= cost) return SLOTS_HEADER + 2 * capacity;
  let grown = capacity || 1;
  while (grown < capacity + cost - free) grown *= 2;
  return SLOTS_HEADER + 2 * Math.min(grown, limit.slots);
}

export function move(
  from: Float64Array,
  base: number,
  to: Float64Array,
  target: number,
  size: number,
): void {
  const capacity = from[base + CAPACITY]!;
  const grown = (size - SLOTS_HEADER) / 2;
  to[target + CAPACITY] = grown;
  to[target + HELD] = from[base + HELD]!;
  for (let i = 0; i < capacity; i++) {
    to[target + SLOTS_HEADER + i] = from[base + SLOTS_HEADER + i]!;
    to[target + SLOTS_HEADER + grown + i] = from[base + SLOTS_HEADER + capacity + i]!;
  }
}

/** Takes `cost` free slots for `ticket`, until `leaseEnd` (Infinity without a lease). */
export function commit(
  limit: ConcurrencyLimit,
  cells: Float64Array,
  base: number,
  cost: number,
  at: number,
  ticket: number,
  leaseEnd: number,
): void {
  const capacity = cells[base + CAPACITY]!;
  let missing = cost;
  for (let i = 0; i < capacity && missing > 0; i++) {
    const slot = base + SLOTS_HEADER + i;
    if (freeFrom(limit, cells[slot]!) > at) continue;
    if (cells[slot]! < 0) cells[base + HELD]!--;
    cells[slot] = -leaseEnd;
    cells[slot + capacity] = ticket;
    missing--;
  }
  cells[base + HELD]! += cost - missing;
}

/** Frees what `ticket` holds, `cooldown` after `at`; `keep` slots stay held. Says how many it freed. */
export function release(
  limit: ConcurrencyLimit,
  cells: Float64Array,
  base: number,
  ticket: number,
  at: number,
  keep = 0,
): number {
  const capacity = cells[base + CAPACITY]!;
  let freed = 0;
  let kept = 0;
  for (let i = 0; i < capacity; i++) {
    const slot = base + SLOTS_HEADER + i;
    if (cells[slot + capacity] !== ticket || !(cells[slot]! < 0)) continue;
    if (kept < keep) {
      kept++;
      continue;
    }
    cells[slot] = limit.cooldown === 0 ? 0 : at + limit.cooldown;
    freed++;
  }
  cells[base + HELD]! -= freed;
  return freed;
}

/** Extends the lease of `ticket`; false when it was lost. */
export function renew(
  cells: Float64Array,
  base: number,
  ticket: number,
  leaseEnd: number,
): boolean {
  const capacity = cells[base + CAPACITY]!;
  let found = false;
  for (let i = 0; i < capacity; i++) {
    const slot = base + SLOTS_HEADER + i;
    if (cells[slot + capacity] !== ticket || !(cells[slot]! < 0)) continue;
    cells[slot] = -leaseEnd;
    found = true;
  }
  return found;
}

/** Infinity while a slot is held without a lease. */
export function idleFrom(limit: ConcurrencyLimit, cells: Float64Array, base: number): number {
  let idle = 0;
  for (let i = 0; i < cells[base + CAPACITY]!; i++) {
    idle = Math.max(idle, freeFrom(limit, cells[base + SLOTS_HEADER + i]!));
  }
  return idle;
}

/** How many slots cannot be had at `now`. */
export function used(
  limit: ConcurrencyLimit,
  cells: Float64Array,
  base: number,
  now: number,
): number {
  let taken = 0;
  for (let i = 0; i < cells[base + CAPACITY]!; i++) {
    if (freeFrom(limit, cells[base + SLOTS_HEADER + i]!) > now) taken++;
  }
  return taken;
}

/** How many slots are held. */
export function heldSlots(cells: Float64Array, base: number): number {
  return cells[base + HELD]!;
}
