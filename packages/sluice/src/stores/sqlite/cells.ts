/**
 * The numbers of a row's states as one blob. A short state lies in it whole. Of a long one there are
 * its head, how many numbers its chunks do not have yet, and those, each behind its index.
 */

import { grownSize, grows, sizeOf } from "../../limits/growth.ts";
import type { AnyLimit } from "../../limits/limit.ts";
import { damaged } from "./failures.ts";
import { INLINE, Kept } from "./kept.ts";

/** Which limits the states of a row are of, in order. */
export type Shape = readonly { readonly name: string; readonly limit: AnyLimit }[];

/** Larger states than this are none. */
const MOST = 2 ** 24;

/** Copied: a blob may lie anywhere in a driver's memory, and libsql has another type for it in lists. */
export function numbersOf(blob: Uint8Array | ArrayBuffer): Float64Array {
  const bytes = new Uint8Array(blob);
  if (bytes.length % 8 !== 0) throw damaged("a state");
  return new Float64Array(bytes.buffer);
}

/**
 * The states in a blob; of the long ones only what the blob has.
 *
 * @param known - The numbers of long states as they were seen last, to be brought up to date.
 */
export function decode(
  shape: Shape,
  blob: Uint8Array,
  known: readonly (Float64Array | undefined)[] | undefined,
): { readonly states: Kept[]; readonly patches: readonly Float64Array[] } {
  const cells = numbersOf(blob);
  const states: Kept[] = [];
  const patches: Float64Array[] = [];
  let at = 0;
  for (const { name, limit } of shape) {
    const size = sizeIn(cells, at, limit);
    if (size <= INLINE) {
      states.push(new Kept(name, limit, cells, at, size));
      patches.push(cells.subarray(at, at));
      at += size;
      continue;
    }
    const seen = known?.[states.length];
    const whole = seen?.length === size ? seen : new Float64Array(size);
    const kept = new Kept(name, limit, whole, 0, size);
    const patch = at + kept.head + 1;
    const end = patch + 2 * cells[patch - 1]!;
    if (!(end >= patch && end <= cells.length)) throw damaged("a state");
    kept.cells.set(cells.subarray(at, patch - 1));
    kept.stale = new Set();
    states.push(kept);
    patches.push(cells.subarray(patch, end));
    at = end;
  }
  if (at !== cells.length) throw damaged("a state");
  return { states, patches };
}

function sizeIn(cells: Float64Array, at: number, limit: AnyLimit): number {
  const fixed = sizeOf(limit);
  const size = grows(limit) ? grownSize(limit, { cells, base: at }) : fixed;
  if (!(size >= fixed && size < MOST && (size > INLINE || at + size <= cells.length))) {
    throw damaged("a state");
  }
  return size;
}

/** Puts the numbers that the chunks do not have into their places. */
export function applyPatch(kept: Kept, patch: Float64Array): void {
  for (let i = 0; i < patch.length; i += 2) {
    const index = patch[i]!;
    if (!(index < kept.size)) throw damaged("a state");
    kept.cells[index] = patch[i + 1]!;
    kept.stale!.add(index);
  }
}

export function encode(states: readonly Kept[]): Uint8Array {
  const [first] = states;
  // Most rows are one short state, in the numbers that were read.
  if (states.length === 1 && !first!.long && first!.size === first!.cells.length) {
    return new Uint8Array(first!.cells.buffer);
  }
  let length = 0;
  for (const kept of states) {
    length += kept.long ? kept.head + 1 + 2 * kept.stale!.size : kept.size;
  }
  const cells = new Float64Array(length);
  let at = 0;
  for (const kept of states) at = kept.long ? putLong(cells, at, kept) : putShort(cells, at, kept);
  return new Uint8Array(cells.buffer);
}

function putShort(cells: Float64Array, at: number, kept: Kept): number {
  for (let i = 0; i < kept.size; i++) cells[at + i] = kept.cells[kept.base + i]!;
  return at + kept.size;
}

function putLong(cells: Float64Array, from: number, { head, cells: all, stale }: Kept): number {
  cells.set(all.subarray(0, head), from);
  let at = from + head;
  cells[at++] = stale!.size;
  for (const index of stale!) {
    cells[at++] = index;
    cells[at++] = all[index]!;
  }
  return at;
}
