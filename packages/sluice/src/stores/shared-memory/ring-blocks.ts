/** The blocks of rings that a step makes or replaces: which of them are free depends on its swap. */

import type { Place } from "../../limits/algorithm.ts";
import type { WindowLimit } from "../../limits/limit.ts";
import { RING_HEADER } from "../../limits/window/ring.ts";
import { type Blocks, RING } from "./blocks.ts";
import { full } from "./full.ts";
import { type Memory, UNIT } from "./layout.ts";
import * as ring from "./ring.ts";

export class RingBlocks {
  readonly #memory: Memory;
  readonly #blocks: Blocks;
  readonly #made: number[] = [];
  /** Blocks, each with the position of the next entry. */
  readonly #replaced: { readonly block: number; readonly next: number }[] = [];

  constructor(memory: Memory, blocks: Blocks) {
    this.#memory = memory;
    this.#blocks = blocks;
  }

  /** Puts instants into a new ring with room for so many. */
  refill(cells: Float64Array, at: number, room: number, instants: readonly number[]): void {
    const block = this.#blocks.take(RING, ring.BLOCK_HEAD + room);
    if (block === 0) throw full("more instants");
    this.#made.push(block);
    this.replaces(cells[at + ring.BLOCK]!, cells[at + ring.NEXT]!);
    const capacity = this.#blocks.wordsOf(block) - ring.BLOCK_HEAD;
    ring.fill(this.#memory, cells, at, block, capacity, instants);
  }

  /** Grows a ring that is full of instants that still count; false when it has room. */
  grow(cells: Float64Array, at: number, limit: WindowLimit, cost: number, now: number): boolean {
    if (ring.fits(this.#memory, limit, cells, at, cost, now)) return false;
    const widest = Math.max(limit.widest, cells[at + ring.WIDEST]!);
    const live: number[] = [];
    for (let back = cells[at + ring.KNOWN]!; back > 0; back--) {
      const instant = ring.instantAt(this.#memory, cells, at, back);
      if (instant + widest > now) live.push(instant);
    }
    this.refill(cells, at, live.length + cost, live);
    return true;
  }

  /** Takes a log in one piece for the ring. */
  unroll(cells: Float64Array, at: number, flat: Place, limit: WindowLimit): void {
    const { cells: from, base } = flat;
    const [capacity = 0, next = 0, known = 0, floor = 0] = from.subarray(base, base + RING_HEADER);
    const instants = Array.from({ length: known }, (_, i) => {
      const slot = (next - known + i + 2 * capacity) % capacity;
      return from[base + RING_HEADER + slot]!;
    });
    cells[at + ring.FLOOR] = floor;
    cells[at + ring.MOST] = Math.max(cells[at + ring.MOST]!, limit.most);
    cells[at + ring.WIDEST] = Math.max(cells[at + ring.WIDEST]!, limit.widest);
    if (known === 0) this.drop(cells, at);
    else this.refill(cells, at, known, instants);
  }

  /** Leaves the ring without a block. */
  drop(cells: Float64Array, at: number): void {
    this.replaces(cells[at + ring.BLOCK]!, cells[at + ring.NEXT]!);
    cells.fill(0, at, at + ring.FLOOR);
    cells[at + ring.BLOCK] = 0;
    cells[at + ring.GROUPS] = 0;
  }

  replaces(block: number, next: number): void {
    if (block !== 0) this.#replaced.push({ block, next });
  }

  /** The step has been committed: what it replaced is free. */
  keep(): void {
    if (this.#replaced.length === 0 && this.#made.length === 0) return;
    for (const { block, next } of this.#replaced) this.#free(block, next);
    this.#replaced.length = 0;
    this.#made.length = 0;
  }

  /** The step has failed: what it made is free again. */
  shed(): void {
    if (this.#replaced.length === 0 && this.#made.length === 0) return;
    for (const block of this.#made) this.#free(block, this.#memory.numbers[block * UNIT + 1]!);
    this.#made.length = 0;
    this.#replaced.length = 0;
  }

  /** The next life begins two laps later: what this one may have written is on laps before that. */
  #free(block: number, next: number): void {
    const capacity = this.#blocks.wordsOf(block) - ring.BLOCK_HEAD;
    ring.end(this.#memory, block, next + 2 * capacity);
    this.#blocks.give(block);
  }
}
