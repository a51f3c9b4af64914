/**
 * The numbers of a row's states as one blob. A short state lies in it whole. Of a long one there are
 * its head and what its chunks do not have yet: in how many ranges, then each behind its borders.
 */

import { grownSize, grows, sizeOf } from "../../limits/growth.ts";
import type { AnyLimit } from "../../limits/limit.ts";
import { damaged } from "./failures.ts";
import { INLINE, Kept } from "./kept.ts";
import { Ranges } from "./ranges.ts";

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
    kept.cells.set(cells.subarray(at, patch - 1));
    kept.stale = new Ranges();
    let end = patch;
    for (let left = cells[patch - 1]!; left > 0; left--) {
      const [from, to] = [cells[end]!, cells[end + 1]!];
      if (!(from >= 0 && to > from && to <= size)) throw damaged("a state");
      kept.stale.add(from, to);
      end += 2 + to - from;
    }
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
export function applyPatch({ cells }: Kept, patch: Float64Array): void {
  for (let i = 0; i < patch.length;) {
    const [from, to] = [patch[i]!, patch[i + 1]!];
    cells.set(patch.subarray(i + 2, i + 2 + to - from), from);
    i += 2 + to - from;
  }
}

/** Made once: memory of its own for each decision is a good part of what encoding takes. */
let scratch = new Float64Array(512);

/** Good until the next call: connections copy what is bound. */
export function encode(states: readonly Kept[]): Uint8Array {
  const [first] = states;
  // Most rows are one short state, in the numbers that were read.
  if (states.length === 1 && !first!.long && first!.size === first!.cells.length) {
    return new Uint8Array(first!.cells.buffer);
  }
  let length = 0;
  for (const kept of states) {
    length += kept.long ? kept.head + 1 + kept.stale!.size : kept.size;
  }
  if (scratch.length < length) scratch = new Float64Array(2 * length);
  let at = 0;
  for (const kept of states)
    at = kept.long ? putLong(scratch, at, kept) : putShort(scratch, at, kept);
  return new Uint8Array(scratch.buffer, 0, 8 * length);
}

function putShort(cells: Float64Array, at: number, kept: Kept): number {
  for (let i = 0; i < kept.size; i++) cells[at + i] = kept.cells[kept.base + i]!;
  return at + kept.size;
}

function putLong(cells: Float64Array, from: number, { head, cells: all, stale }: Kept): number {
  cells.set(all.subarray(0, head), from);
  let at = from + head;
  cells[at++] = stale!.count;
  for (const range of stale!) {
    cells[at++] = range.from;
    cells[at++] = range.to;
    cells.set(all.subarray(range.from, range.to), at);
    at += range.to - range.from;
  }
  return at;
}
