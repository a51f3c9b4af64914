/**
 * The exact window's log in shared memory. What a record says of a ring is small: how many instants
 * are known, the position of the next, and what its own commit still has to enter. The instants are
 * in a block of their own, which is never copied while it has room.
 *
 * A stored word is an instant and, in its low bits, how often the ring had gone round: the words of
 * a slot differ for ever, so that a swap that comes late finds another one and fails. The lap is no
 * part of the instant: equal instants stay equal.
 *
 * The decisions are those of `limits/window/ring.ts`, which read a log that lies in one piece.
 */

import { type Earliest, NEVER, type WindowLimit } from "../../limits/limit.ts";
import { RING_HEADER } from "../../limits/window/ring.ts";
import { type Memory, UNIT } from "./layout.ts";
import { pair } from "./pair.ts";

/** Slots in the block; 0 without one. */
export const CAPACITY = 0;
/** The position of the next entry: rises for ever, also when another row takes the block. */
export const NEXT = 1;
export const KNOWN = 2;
export const FLOOR = 3;
export const BLOCK = 4;
/** The most instants and the longest span that any limit seen needs. */
export const MOST = 5;
export const WIDEST = 6;
/** How many groups (instant, count) this commit enters; they count before they are in the block. */
export const GROUPS = 7;
export const FIRST_GROUP = 8;
const MOST_GROUPS = 4;
export const RING_SIZE: number = FIRST_GROUP + 2 * MOST_GROUPS;

/** Words of the block before the slots: its own, and the position at which its next life begins. */
export const BLOCK_HEAD = 2;
const LOW = 2 ** 20;

/** The instant `back` entries before the next; 1 is the newest. */
export function instantAt(memory: Memory, cells: Float64Array, at: number, back: number): number {
  let left = back;
  for (let i = cells[at + GROUPS]! - 1; i >= 0; i--) {
    left -= cells[at + FIRST_GROUP + 2 * i + 1]!;
    if (left <= 0) return cells[at + FIRST_GROUP + 2 * i]!;
  }
  const slot = (slotOf(cells, at, cells[at + NEXT]! - back) * 2) | 0;
  // Unsigned: until the year 2112.
  return (memory.halves[slot + 1]! >>> 0) * LOW + (memory.halves[slot]! >>> 12);
}

/** How often the ring had gone round at a position. */
function lapOf(cells: Float64Array, at: number, position: number): number {
  return Math.floor(position / cells[at + CAPACITY]!);
}

function slotOf(cells: Float64Array, at: number, position: number): number {
  // The remainder; exact below 2^52, and several times as fast as `%` on such numbers.
  const index = position - lapOf(cells, at, position) * cells[at + CAPACITY]!;
  return cells[at + BLOCK]! * UNIT + BLOCK_HEAD + index;
}

/** The high half of a word, and the low one, which has the lap. */
function highOf(instant: number): number {
  return Math.floor(instant / LOW) | 0;
}

function lowFor(cells: Float64Array, at: number, position: number, instant: number): number {
  const rest = instant - Math.floor(instant / LOW) * LOW;
  return (rest << 12) | (lapOf(cells, at, position) & 0xfff);
}

export function earliest(
  memory: Memory,
  limit: WindowLimit,
  cells: Float64Array,
  at: number,
  cost: number,
  now: number,
): Earliest {
  if (cost > limit.most) return NEVER;
  const known = cells[at + KNOWN]!;
  const newest = known > 0 ? instantAt(memory, cells, at, 1) : 0;
  let instant = newest > now ? newest : now;
  if (cells[at + FLOOR]! > instant) instant = cells[at + FLOOR]!;
  const { rates } = limit;
  for (let i = 0; i < rates.length; i++) {
    const rate = rates[i]!;
    if (cost > rate.count) return NEVER;
    const back = rate.count - cost + 1;
    if (back > known) continue;
    const free = instantAt(memory, cells, at, back) + rate.span;
    if (free > instant) instant = free;
  }
  return instant;
}

/** Whether `cost` more have room at `now`: in free slots, or over instants that no longer count. */
export function fits(
  memory: Memory,
  limit: WindowLimit,
  cells: Float64Array,
  at: number,
  cost: number,
  now: number,
): boolean {
  const capacity = cells[at + CAPACITY]!;
  if (cells[at + KNOWN]! + cost <= capacity) return true;
  if (cost > capacity) return false;
  const widest = Math.max(limit.widest, cells[at + WIDEST]!);
  return instantAt(memory, cells, at, capacity - cost + 1) + widest <= now;
}

/** Whether a limit needs no more of the log than those that were seen before. */
export function covers(limit: WindowLimit, cells: Float64Array, at: number): boolean {
  return limit.most <= cells[at + MOST]! && limit.widest <= cells[at + WIDEST]!;
}

/** Whether another instant can be noted in this step. */
export function takes(cells: Float64Array, at: number, instant: number): boolean {
  const groups = cells[at + GROUPS]!;
  return groups < MOST_GROUPS || cells[at + FIRST_GROUP + 2 * (groups - 1)] === instant;
}

/** How many instants a record's own commit has added. */
export function noted(cells: Float64Array, at: number): number {
  let sum = 0;
  for (let i = 0; i < cells[at + GROUPS]!; i++) sum += cells[at + FIRST_GROUP + 2 * i + 1]!;
  return sum;
}

/** Notes `cost` entries at `instant`; `enter` puts them into the block once that is committed. */
export function commit(
  limit: WindowLimit,
  cells: Float64Array,
  at: number,
  cost: number,
  instant: number,
): void {
  const groups = cells[at + GROUPS]!;
  const last = at + FIRST_GROUP + 2 * (groups - 1);
  if (groups > 0 && cells[last] === instant) cells[last + 1]! += cost;
  else {
    cells[last + 2] = instant;
    cells[last + 3] = cost;
    cells[at + GROUPS] = groups + 1;
  }
  skip(cells, at, cost);
  if (limit.most > cells[at + MOST]!) cells[at + MOST] = limit.most;
  if (limit.widest > cells[at + WIDEST]!) cells[at + WIDEST] = limit.widest;
}

/** Counts entries that are in the block. */
export function skip(cells: Float64Array, at: number, cost: number): void {
  cells[at + NEXT]! += cost;
  cells[at + KNOWN] = Math.min(cells[at + KNOWN]! + cost, cells[at + CAPACITY]!);
}

/**
 * Enters what the record of a row's `generation` has committed. Whoever reads the record does so
 * first, and each entry is one swap from the word that was there while the record was in force.
 * False when it no longer is: others have entered it then.
 */
export function enter(
  memory: Memory,
  cells: Float64Array,
  at: number,
  headAt: number,
  generation: number,
): boolean {
  const groups = cells[at + GROUPS]!;
  if (groups === 0) return true;
  const { halves } = memory;
  let position = cells[at + NEXT]! - noted(cells, at);
  for (let i = 0; i < groups; i++) {
    const instant = cells[at + FIRST_GROUP + 2 * i]!;
    for (let n = cells[at + FIRST_GROUP + 2 * i + 1]!; n > 0; n--, position++) {
      const slot = slotOf(cells, at, position);
      const [low, high] = [lowFor(cells, at, position, instant), highOf(instant)];
      // Most often who has committed it has done so.
      if (halves[2 * slot] === low && halves[2 * slot + 1] === high) continue;
      if (!swapIn(memory, slot, pair(low, high), headAt, generation)) return false;
    }
  }
  cells[at + GROUPS] = 0;
  return true;
}

function swapIn(
  { words, halves }: Memory,
  slot: number,
  word: bigint,
  headAt: number,
  generation: number,
): boolean {
  for (;;) {
    const old = Atomics.load(words, slot);
    if (old === word) return true;
    if (Atomics.load(halves, headAt * 2 + 1) !== generation) return false;
    if (Atomics.compareExchange(words, slot, old, word) === old) return true;
  }
}

/** The instant from which the log is as good as empty. */
export function idleFrom(memory: Memory, cells: Float64Array, at: number): number {
  const newest =
    cells[at + KNOWN] === 0 ? 0 : instantAt(memory, cells, at, 1) + cells[at + WIDEST]!;
  return Math.max(cells[at + FLOOR]!, newest);
}

/** A log in one piece, as the pure functions read it. */
export function unrolled(memory: Memory, cells: Float64Array, at: number, room = 0): Float64Array {
  const known = cells[at + KNOWN]!;
  const flat = new Float64Array(RING_HEADER + known + room);
  flat.set([known + room, known % (known + room || 1), known, cells[at + FLOOR]!]);
  for (let i = 0; i < known; i++) {
    flat[RING_HEADER + i] = instantAt(memory, cells, at, known - i);
  }
  return flat;
}

/** Fills a private block, whose life begins where the one before it ended. */
export function fill(
  memory: Memory,
  cells: Float64Array,
  at: number,
  block: number,
  capacity: number,
  instants: readonly number[],
): void {
  const ended = memory.numbers[block * UNIT + 1]!;
  cells[at + BLOCK] = block;
  cells[at + CAPACITY] = capacity;
  cells[at + NEXT] = (Math.floor(ended / capacity) + 1) * capacity;
  cells[at + KNOWN] = instants.length;
  cells[at + GROUPS] = 0;
  for (const instant of instants) {
    const position = cells[at + NEXT]!;
    const slot = slotOf(cells, at, position);
    Atomics.store(memory.words, slot, pair(lowFor(cells, at, position, instant), highOf(instant)));
    cells[at + NEXT] = position + 1;
  }
}

/** Notes in a block that is private again where its next life may begin. */
export function end(memory: Memory, block: number, next: number): void {
  memory.numbers[block * UNIT + 1] = next;
}
