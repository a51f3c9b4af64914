/**
 * A window in parts: time is cut into parts of g = ceil(W / parts), and the sum over the current and
 * the last `parts` whole parts stays <= N. Any half-open window of length W touches at most
 * parts + 1 of them, all summed at the latest admission in it. Capacity returns up to g late, so the
 * rate is N / (W + g); the state is parts + 2 numbers whatever N is. (docs/theory.md)
 *
 * State: the start of the newest part, its index in the ring (plus one; 0 when empty), the sums.
 */

import { type Earliest, NEVER, type PartsLimit } from "../limit.ts";

const START = 0;
const NEWEST = 1;
/** How many numbers precede the sums. */
const HEADER = 2;

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
): void {
  advance(limit, cells, base, at);
  cells[slot(limit, cells, base, 0)]! += grains(limit, asked);
}

/** Turns the ring so that its newest part holds `at`. The first part starts at the first instant. */
function advance(limit: PartsLimit, cells: Float64Array, base: number, at: number): void {
  const rings = limit.parts + 1;
  const start = cells[base + START]!;
  if (cells[base + NEWEST] === 0) {
    cells[base + START] = at;
    cells[base + NEWEST] = 1;
    return;
  }
  const passed = Math.floor((at - start) / limit.part);
  if (passed <= 0) return;
  if (passed >= rings) {
    for (let i = 0; i < rings; i++) cells[base + HEADER + i] = 0;
    cells[base + START] = at;
    return;
  }
  for (let i = 0; i < passed; i++) {
    const next = cells[base + NEWEST]! % rings;
    cells[base + HEADER + next] = 0;
    cells[base + NEWEST] = next + 1;
  }
  cells[base + START] = start + passed * limit.part;
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
  if (cells[base + NEWEST] === 0 || ageOf(limit, cells, base, to) > limit.parts) return;
  const raised = grains(limit, units);
  let left = raised;
  // Not from the parts after `to`: what is in those was booked ahead.
  const last = ageOf(limit, cells, base, to);
  for (let age = Math.min(limit.parts, ageOf(limit, cells, base, from)); age >= last; age--) {
    const index = slot(limit, cells, base, age);
    const moved = Math.min(left, cells[index]!);
    cells[index]! -= moved;
    left -= moved;
  }
  advance(limit, cells, base, to);
  cells[slot(limit, cells, base, ageOf(limit, cells, base, to))]! += raised;
}

/** How many parts the part of an instant is older than the newest. */
function ageOf(limit: PartsLimit, cells: Float64Array, base: number, at: number): number {
  return Math.max(0, Math.ceil((cells[base + START]! - at) / limit.part));
}

/** Gives `units` back to the part of `at`, if that still counts; later promises stay valid. */
export function refund(
  limit: PartsLimit,
  cells: Float64Array,
  base: number,
  units: number,
  at: number,
): void {
  if (cells[base + NEWEST] === 0) return;
  const age = ageOf(limit, cells, base, at);
  if (age > limit.parts) return;
  const index = slot(limit, cells, base, age);
  const whole = Math.floor(units / limit.grain) * limit.grain;
  cells[index] = Math.max(0, cells[index]! - whole);
}

/** All parts with their starts, oldest first. */
export function sums(
  limit: PartsLimit,
  cells: Float64Array,
  base: number,
): { start: number; sum: number }[] {
  if (cells[base + NEWEST] === 0) return [];
  return Array.from({ length: limit.parts + 1 }, (_, i) => ({
    start: cells[base + START]! - (limit.parts - i) * limit.part,
    sum: cells[slot(limit, cells, base, limit.parts - i)]!,
  }));
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

/** Before it nothing passes: the start of the newest part, which may lie ahead. */
export function floorOf(cells: Float64Array, base: number): number {
  return cells[base + START]!;
}

/** Nothing before `instant`, as if all had been used so that it returns then. */
export function setFloor(
  limit: PartsLimit,
  cells: Float64Array,
  base: number,
  instant: number,
): void {
  if (cells[base + NEWEST] === 0) cells[base + START] = Math.max(cells[base + START]!, instant);
  else if (instant > cells[base + START]!) advance(limit, cells, base, instant);
}

/** The index of the part that is `age` parts older than the newest. */
function slot(limit: PartsLimit, cells: Float64Array, base: number, age: number): number {
  const rings = limit.parts + 1;
  return base + HEADER + ((cells[base + NEWEST]! - 1 - age + rings) % rings);
}
