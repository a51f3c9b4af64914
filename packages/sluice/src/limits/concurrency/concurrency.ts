/**
 * Never more than `slots` held at once. With a cooldown W a slot returns W after its completion, so
 * that a server sees at most `slots` per W whatever the delays: arrival <= completion (completion
 * theorem, docs/theory.md).
 *
 * State: capacity, how many slots are held, where to look for a free one first (slots are taken in
 * turn, so that a holder is found near it too), the latest instant from which a released one is free,
 * an instant before which no lease ends (0 for none at all), the slots' values, then their holders'
 * tickets. A value is 0 for a free slot, the instant from which it is free, or minus the end of its
 * lease while held (-Infinity without a lease).
 */

import { type ConcurrencyLimit, type Earliest, held, NEVER } from "../limit.ts";

const CAPACITY = 0;
const HELD = 1;
const HINT = 2;
const COOLED = 3;
const LEASED = 4;
/** How many numbers precede the slots. */
export const SLOTS_HEADER = 5;

export function earliest(
  limit: ConcurrencyLimit,
  cells: Float64Array,
  base: number,
  cost: number,
  now: number,
): Earliest {
  if (cost > limit.slots) return NEVER;
  // Too many are held: no look at the slots can change that, however many there are.
  if (cost > limit.slots - cells[base + HELD]! && noLeaseEnded(cells, base, now)) {
    return held(Math.max(now, cells[base + COOLED]!));
  }
  const capacity = cells[base + CAPACITY]!;
  let missing = cost - (limit.slots - capacity);
  if (missing <= 0) return now;
  const first = base + SLOTS_HEADER;
  if (missing === 1 && freeFrom(limit, cells[first + cells[base + HINT]!]!) <= now) return now;
  for (let i = 0; i < capacity; i++) {
    if (freeFrom(limit, cells[first + i]!) <= now && --missing === 0) return now;
  }
  return whenCooled(limit, cells, base, missing, now);
}

/** `earliest` of one slot, where a look at one tells and it is there; else NaN. `fill` takes it. */
export function earliestOfOne(
  limit: ConcurrencyLimit,
  cells: Float64Array,
  base: number,
  now: number,
): Earliest {
  const capacity = cells[base + CAPACITY]! | 0;
  if (capacity === 0 || cells[base + LEASED] !== 0 || limit.lease !== 0) return Number.NaN;
  if (cells[base + HELD]! >= limit.slots) {
    const cooled = cells[base + COOLED]!;
    return held(cooled > now ? cooled : now);
  }
  const value = cells[base + SLOTS_HEADER + (cells[base + HINT]! | 0)]!;
  return value >= 0 && value <= now && capacity <= limit.slots ? now : Number.NaN;
}

/** Takes one slot, to which `earliestOfOne` has just said yes. */
export function fill(cells: Float64Array, base: number, ticket: number): void {
  const capacity = cells[base + CAPACITY]! | 0;
  const hint = cells[base + HINT]! | 0;
  const place = base + SLOTS_HEADER + hint;
  cells[base + HINT] = hint + 1 < capacity ? hint + 1 : 0;
  cells[base + HELD]! += 1;
  cells[place] = Number.NEGATIVE_INFINITY;
  cells[place + capacity] = ticket;
}

/** When a lease that begins at `at` ends; Infinity without one. */
export function leaseEnd({ lease }: ConcurrencyLimit, at: number): number {
  return lease === 0 ? Number.POSITIVE_INFINITY : at + lease;
}

/** Not now: the missing ones are those that cool down, in order, and then those that are held. */
function whenCooled(
  limit: ConcurrencyLimit,
  cells: Float64Array,
  base: number,
  missing: number,
  now: number,
): Earliest {
  const cooling: number[] = [];
  let soonest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < cells[base + CAPACITY]!; i++) {
    // Held slots whose lease has ended cool down like released ones.
    const value = cells[base + SLOTS_HEADER + i]!;
    const free = freeFrom(limit, value);
    if (free <= now || (value < 0 && -value > now)) continue;
    if (missing > 1) cooling.push(free);
    else if (free < soonest) soonest = free;
  }
  if (missing === 1 && soonest !== Number.POSITIVE_INFINITY) return soonest;
  cooling.sort((a, b) => a - b);
  if (missing <= cooling.length) return cooling[missing - 1]!;
  return held(cooling.length > 0 ? Math.max(now, cooling[cooling.length - 1]!) : now);
}

function noLeaseEnded(cells: Float64Array, base: number, now: number): boolean {
  const soonest = cells[base + LEASED]!;
  return soonest === 0 || soonest > now;
}

/** When a slot is free: a lease that ended returns it like a release at that instant. */
function freeFrom(limit: ConcurrencyLimit, value: number): number {
  return value < 0 ? limit.cooldown - value : value;
}

/** Whether `cost` slots are there to be taken at `at` without more room. */
export function fits(
  limit: ConcurrencyLimit,
  cells: Float64Array,
  base: number,
  cost: number,
  at: number,
): boolean {
  const capacity = cells[base + CAPACITY]!;
  let slot = cells[base + HINT]!;
  let free = 0;
  for (let i = 0; i < capacity && free < cost; i++) {
    if (freeFrom(limit, cells[base + SLOTS_HEADER + slot]!) <= at) free++;
    if (++slot === capacity) slot = 0;
  }
  return free >= cost;
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
  // More slots than there are now may be left from before a change of limits.
  return SLOTS_HEADER + 2 * Math.max(capacity, Math.min(grown, limit.slots));
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
  // The first of the new slots.
  to[target + HINT] = capacity < grown ? capacity : from[base + HINT]!;
  to[target + COOLED] = from[base + COOLED]!;
  to[target + LEASED] = from[base + LEASED]!;
  for (let i = 0; i < capacity; i++) {
    to[target + SLOTS_HEADER + i] = from[base + SLOTS_HEADER + i]!;
    to[target + SLOTS_HEADER + grown + i] = from[base + SLOTS_HEADER + capacity + i]!;
  }
}

/** Takes `cost` free slots for `ticket`, until `end` (Infinity without a lease). */
export function commit(
  limit: ConcurrencyLimit,
  cells: Float64Array,
  base: number,
  cost: number,
  at: number,
  ticket: number,
  end: number,
): void {
  const capacity = cells[base + CAPACITY]!;
  let slot = cells[base + HINT]!;
  let missing = cost;
  for (let i = 0; i < capacity && missing > 0; i++) {
    const place = base + SLOTS_HEADER + slot;
    if (++slot === capacity) slot = 0;
    if (freeFrom(limit, cells[place]!) > at) continue;
    if (cells[place]! < 0) cells[base + HELD]!--;
    cells[place] = -end;
    cells[place + capacity] = ticket;
    missing--;
  }
  cells[base + HINT] = slot;
  cells[base + HELD]! += cost - missing;
  if (end === Number.POSITIVE_INFINITY) return;
  // What it was before is stale once that lease has ended or was renewed.
  if (noLeaseEnded(cells, base, at)) {
    const soonest = cells[base + LEASED]!;
    cells[base + LEASED] = soonest === 0 ? end : Math.min(soonest, end);
  } else cells[base + LEASED] = soonestEnd(cells, base);
}

/** When the first lease ends; 0 for none. */
function soonestEnd(cells: Float64Array, base: number): number {
  let soonest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < cells[base + CAPACITY]!; i++) {
    const value = cells[base + SLOTS_HEADER + i]!;
    if (value < 0 && -value < soonest) soonest = -value;
  }
  return soonest === Number.POSITIVE_INFINITY ? 0 : soonest;
}

/** Puts slots that cool down until `instants` into an empty state with room for them. */
export function setCooling(cells: Float64Array, base: number, instants: readonly number[]): void {
  cells.set(instants, base + SLOTS_HEADER);
  cells[base + COOLED] = instants.reduce((latest, each) => Math.max(latest, each), 0);
}

/**
 * Frees what `ticket` holds, unless its lease has ended, `cooldown` after `at`; `keep` slots stay
 * held. `cost` is how many it took, if that is known. Says how many were freed.
 */
export function release(
  limit: ConcurrencyLimit,
  cells: Float64Array,
  base: number,
  ticket: number,
  at: number,
  cost: number = Number.POSITIVE_INFINITY,
  keep = 0,
): number {
  const capacity = cells[base + CAPACITY]!;
  let slot = cells[base + HINT]!;
  let freed = 0;
  let kept = 0;
  for (let i = 0; i < capacity; i++) {
    const place = base + SLOTS_HEADER + slot;
    const found = cells[place + capacity] === ticket && cells[place]! < -at;
    if (found && kept < keep) kept++;
    else if (found) {
      cells[place] = limit.cooldown === 0 ? 0 : at + limit.cooldown;
      if (freed++ === 0) cells[base + HINT] = slot;
      if (freed + keep === cost) break;
    }
    if (++slot === capacity) slot = 0;
  }
  cells[base + HELD]! -= freed;
  if (freed > 0 && limit.cooldown > 0) {
    cells[base + COOLED] = Math.max(cells[base + COOLED]!, at + limit.cooldown);
  }
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
