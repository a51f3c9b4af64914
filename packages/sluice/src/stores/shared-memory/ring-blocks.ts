/** The blocks of rings that a step makes or replaces: which of them are free depends on its swap. */

import { type Blocks, RING } from "./blocks.ts";
import { full } from "./full.ts";
import type { Memory } from "./layout.ts";
import { UNIT } from "./layout.ts";
import { BLOCK_HEAD, end } from "./ring.ts";

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

  /** A block with so many slots at least. */
  take(slots: number): number {
    const block = this.#blocks.take(RING, BLOCK_HEAD + slots);
    if (block === 0) throw full("more instants");
    this.#made.push(block);
    return block;
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
    const capacity = this.#blocks.wordsOf(block) - BLOCK_HEAD;
    end(this.#memory, block, next + 2 * capacity);
    this.#blocks.give(block);
  }
}
