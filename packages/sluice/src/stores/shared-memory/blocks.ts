/**
 * Memory in blocks that keep size and kind for ever. Free ones lie on stacks, one for each class,
 * whose heads carry a generation. Each thread keeps a few for itself: a commit takes one and gets
 * the replaced one back, so that in the steady state nothing is allocated.
 */

import { AT_FREE_BLOCKS, AT_UNUSED, type Memory, type Regions, SIZES, UNIT } from "./layout.ts";
import { indexOf, next } from "./pair.ts";

export const PLAIN = 0;
/** Rings keep to blocks of their own: a late swap of a slot must never meet anything else. */
export const RING: number = SIZES;
/** So do tails, which have one size. */
export const TAIL: number = 2 * SIZES;
const CLASSES: number = TAIL + 3;
/** How many free blocks of a class a thread keeps for itself. */
const KEPT = 3;
/** Halves of a purse: for each class how many there are, and which. */
export const PURSE: number = CLASSES * (1 + KEPT);

export class Blocks {
  readonly #memory: Memory;
  readonly #regions: Regions;
  /**
   * The free blocks of this thread. A block is in a purse, or in use, or for an instant in neither,
   * and never in both: who dies leaves a purse that another can take over, and loses few.
   */
  #purse: Int32Array = new Int32Array(PURSE);
  #at = 0;

  constructor(memory: Memory, regions: Regions) {
    this.#memory = memory;
    this.#regions = regions;
  }

  /** A block of at least so many words, the first of which is the block's own; 0 when all is taken. */
  take(kind: number, words: number): number {
    const size = sizeFor(words);
    if (size >= SIZES) return 0;
    const at = this.#at + (kind + size) * (1 + KEPT);
    const count = this.#purse[at]!;
    if (count === 0) return this.#pop(kind + size) || this.#cut(kind + size);
    this.#purse[at] = count - 1;
    return this.#purse[at + count]!;
  }

  /** Gives back a block that nothing names any more. */
  give(unit: number): void {
    const at = this.#at + this.#memory.halves[unit * UNIT * 2]! * (1 + KEPT);
    const count = this.#purse[at]!;
    if (count === KEPT) return this.#push(unit);
    this.#purse[at + count + 1] = unit;
    this.#purse[at] = count + 1;
  }

  /** How many words a block has. */
  wordsOf(unit: number): number {
    return UNIT << (this.#memory.halves[unit * UNIT * 2]! % SIZES);
  }

  /** Leaves what this thread kept for itself to the others. */
  close(): void {
    for (const unit of this.kept()) this.#push(unit);
    this.#purse.fill(0, this.#at, this.#at + PURSE);
  }

  /** The free blocks of this thread. */
  kept(): number[] {
    const found: number[] = [];
    for (let at = this.#at; at < this.#at + PURSE; at += 1 + KEPT) {
      for (let i = 1; i <= this.#purse[at]!; i++) found.push(this.#purse[at + i]!);
    }
    return found;
  }

  /** Keeps free blocks in a purse of the memory from now on, with what is in it. */
  usePurse(half: number): void {
    this.close();
    this.#purse = this.#memory.halves;
    this.#at = half;
  }

  #pop(kind: number): number {
    const { words, halves } = this.#memory;
    for (;;) {
      const head = Atomics.load(words, AT_FREE_BLOCKS + kind);
      const unit = indexOf(head);
      if (unit === 0) return 0;
      // The block may be taken by now, and its number anything: then the swap fails.
      const below = Atomics.load(halves, unit * UNIT * 2 + 1);
      const swapped = Atomics.compareExchange(
        words,
        AT_FREE_BLOCKS + kind,
        head,
        next(head, below),
      );
      if (swapped === head) return unit;
    }
  }

  #push(unit: number): void {
    const { words, halves } = this.#memory;
    const kind = halves[unit * UNIT * 2]!;
    for (;;) {
      const head = Atomics.load(words, AT_FREE_BLOCKS + kind);
      Atomics.store(halves, unit * UNIT * 2 + 1, indexOf(head));
      const swapped = Atomics.compareExchange(words, AT_FREE_BLOCKS + kind, head, next(head, unit));
      if (swapped === head) return;
    }
  }

  /** Takes a new block from what was never used. */
  #cut(kind: number): number {
    const { halves } = this.#memory;
    const units = 1 << (kind % SIZES);
    for (;;) {
      const unit = Atomics.load(halves, AT_UNUSED * 2);
      if (unit + units > this.#regions.endUnit) return 0;
      if (Atomics.compareExchange(halves, AT_UNUSED * 2, unit, unit + units) === unit) {
        halves[unit * UNIT * 2] = kind;
        return unit;
      }
    }
  }
}

function sizeFor(words: number): number {
  return words <= UNIT ? 0 : 32 - Math.clz32(Math.ceil(words / UNIT) - 1);
}
