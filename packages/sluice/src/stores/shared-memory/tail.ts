/**
 * What a row has admitted since its record was written. Most steps on a key with one pace or one
 * exact window admit one ask, now, and all that changes follows from its instant and its cost: one
 * word. So such a record names a **tail**, in which the next free word is swapped for an admission.
 *
 * Entries are made in order, and before another record takes the place of this one, the next free
 * word is swapped for the mark of the end. So a swap that succeeds proves that nothing has happened
 * since the reading, and commits. A free word names the row and the generation of its record, and
 * blocks of tails hold nothing but words of tails: a swap that comes late, when the block is another
 * record's tail, finds other words and fails (until 2^31 records of the row later: ABA).
 */

import { type Blocks, TAIL } from "./blocks.ts";
import { type Memory, UNIT } from "./layout.ts";
import { pair } from "./pair.ts";

/** Words of the block: its own, and the entries. */
const WORDS: number = 4 * UNIT;
/** An entry is an instant and, in the low bits, a cost; 0 is that of a free word. */
const COST_BITS = 12;
const COSTS = 0xfff;
/** No entry's cost, but the mark of the end. */
const END: number = COSTS;
/** The instant's share of the low half. */
const LOW: number = 2 ** (32 - COST_BITS);
const END_WORD: bigint = pair(END, 0);

/** Whether a tail can hold a cost. */
export function isTailable(cost: number): boolean {
  return cost > 0 && cost < END && Number.isInteger(cost);
}

/** A tail without entries for the record that begins a generation of a row; 0 without memory for it. */
export function layTail(
  { halves }: Memory,
  blocks: Blocks,
  row: number,
  generation: number,
): number {
  const block = blocks.take(TAIL, WORDS);
  if (block === 0) return 0;
  const [low, high] = freeHalves(row, generation);
  for (let at = block * UNIT + 1; at < block * UNIT + WORDS; at++) {
    halves[2 * at] = low;
    halves[2 * at + 1] = high;
  }
  return block;
}

/** 21 bits of the row, 31 of the generation, and 12 of no cost. */
function freeHalves(row: number, generation: number): [low: number, high: number] {
  return [generation << 12, ((generation & 0x7fff_ffff) >>> 20) | (row << 11)];
}

/** The tail of the record that a draft was read from, as far as its entries were read. */
export class Tail {
  block = 0;
  /** Of the entry that `next` has found. */
  instant = 0;
  readonly #memory: Memory;
  #first = 0;
  /** The word after the entries that were read, and that after the last there can be. */
  #at = 0;
  #end = 0;
  /** The word after the last that was found. */
  #seen = 0;
  readonly #fence = new Int32Array(1);
  #free = 0n;

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  /** The tail in this block, from its beginning; 0 when there is none. */
  open(block: number, row: number, generation: number): void {
    this.block = block;
    this.#first = block * UNIT + 1;
    this.#at = this.#first;
    this.#end = block === 0 ? this.#first : block * UNIT + WORDS;
    this.#free = pair(...freeHalves(row, generation));
  }

  /** Whether there may be room for another entry. */
  get isOpen(): boolean {
    return this.#at < this.#end;
  }

  /** How many entries `look` has found that were not read. */
  get found(): number {
    return this.#seen - this.#at;
  }

  /** How many entries were read. */
  get count(): number {
    return this.#at - this.#first;
  }

  /** Looks for entries that were not read; whether there are any. */
  look(): boolean {
    const { halves } = this.#memory;
    let at = this.#at;
    let cost = END;
    while (at < this.#end && (cost = halves[2 * at]! & COSTS) !== 0 && cost !== END) at++;
    if (cost === END) this.#end = at;
    this.#seen = at;
    if (at === this.#at) return false;
    // Of words one half of which was seen, the other half is seen from here on, too.
    Atomics.store(this.#fence, 0, 0);
    return true;
  }

  /** The cost of the next entry that `look` has found; 0 when there is no more. */
  next(): number {
    const at = this.#at;
    if (at >= this.#seen) return 0;
    const { halves } = this.#memory;
    const low = halves[2 * at]!;
    this.instant = (halves[2 * at + 1]! >>> 0) * LOW + (low >>> COST_BITS);
    this.#at = at + 1;
    return low & COSTS;
  }

  /** Commits an admission; false when something else has happened. */
  append(instant: number, cost: number): boolean {
    const high = Math.floor(instant / LOW);
    const word = pair(((instant - high * LOW) << COST_BITS) | cost, high);
    const free = this.#free;
    if (Atomics.compareExchange(this.#memory.words, this.#at, free, word) !== free) return false;
    this.#at++;
    return true;
  }

  /** Sees to it that nothing more is entered; false when something has happened. */
  close(): boolean {
    if (this.#at === this.#end) return true;
    const free = this.#free;
    const was = Atomics.compareExchange(this.#memory.words, this.#at, free, END_WORD);
    if (was !== free && was !== END_WORD) return false;
    this.#end = this.#at;
    return true;
  }

  /** Whether nothing was entered since the reading, while the record is in force. */
  isStill(): boolean {
    if (this.#at === this.#end) return true;
    const cost = Atomics.load(this.#memory.halves, 2 * this.#at) & COSTS;
    return cost === 0 || cost === END;
  }
}
