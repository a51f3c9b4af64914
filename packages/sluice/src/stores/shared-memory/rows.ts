/**
 * Rows by name and key. A bucket's word names a block that lists its rows; to add or to drop one is
 * to write another list and to swap it in, so that a key is never listed twice.
 */

import { show } from "../../time.ts";
import { type Blocks, PLAIN } from "./blocks.ts";
import type { Draft } from "./draft.ts";
import { follow } from "./entries.ts";
import { BIRTH, LINK_NEW, LINK_OLD, LINK_ROW, SHAPE, SIZE, TICKET, TITLE } from "./record.ts";
import { full } from "./full.ts";
import { AT_STAMP, AT_UNUSED, type Memory, type Regions, UNIT } from "./layout.ts";
import { generationOf, indexOf, next, pair } from "./pair.ts";
import { RowIndices } from "./row-indices.ts";
import type { Shapes } from "./shapes.ts";
import { hashOf, isTitle, readTitle, type Title, writeTitle } from "./text.ts";

/** One life of a row. */
export interface Handle {
  readonly row: number;
  readonly birth: number;
}

const HASHES = 2 ** 32;
/** Words of a bucket's block before its entries: the block's own, and how many there are. */
const LIST_HEAD = 2;

export class Rows {
  readonly memory: Memory;
  readonly blocks: Blocks;
  readonly shapes: Shapes;
  readonly #regions: Regions;
  readonly #indices: RowIndices;
  /** What is written here orders the reads before it, on machines that would not. */
  readonly #fence = new Int32Array(1);

  constructor(memory: Memory, blocks: Blocks, shapes: Shapes, regions: Regions) {
    this.memory = memory;
    this.blocks = blocks;
    this.shapes = shapes;
    this.#regions = regions;
    this.#indices = new RowIndices(memory, regions);
  }

  /** Where a row's word is. */
  headAt(row: number): number {
    return this.#regions.rows + 2 * row;
  }

  /** Counts a row's swaps: half of its word, and quicker to look at than the whole. */
  generation(row: number): number {
    return Atomics.load(this.memory.halves, this.headAt(row) * 2 + 1);
  }

  /** All reads before it come before all reads after it. */
  order(): void {
    Atomics.store(this.#fence, 0, 0);
  }

  isStill(row: number, head: bigint): boolean {
    this.order();
    return Atomics.load(this.memory.words, this.headAt(row)) === head;
  }

  /** Reads a row, and finishes what its commit has begun. False when the row is no more. */
  read(row: number, draft: Draft): boolean {
    const { halves } = this.memory;
    const headAt = this.headAt(row);
    for (;;) {
      const generation = this.generation(row);
      // In the steady state of one thread it is what that thread has just written.
      if (draft.valid && draft.row === row && generation === draft.generation) {
        if (follow(draft)) return true;
        continue;
      }
      // Of another generation, perhaps: then it is not the same any more below.
      const block = Atomics.load(halves, headAt * 2);
      if (block === 0) return false;
      draft.copy(row, headAt, generation, block);
      this.order();
      if (this.generation(row) !== generation) continue;
      draft.knows(this.shapes.at(draft.cells[SHAPE]!));
      if (draft.cells[LINK_ROW] !== 0) this.#link(draft);
      if (draft.enter() && follow(draft)) return true;
    }
  }

  /** Swaps in the key's record that the limiter's row has committed; late is no harm. */
  #link({ cells }: Draft): void {
    const at = this.headAt(cells[LINK_ROW]!);
    const old = pair(cells[LINK_OLD]!, cells[LINK_OLD + 1]!);
    const word = pair(cells[LINK_NEW]!, cells[LINK_NEW + 1]!);
    Atomics.compareExchange(this.memory.words, at, old, word);
    cells[LINK_ROW] = 0;
  }

  find(title: Title, hash: number = hashOf(title)): Handle | undefined {
    const { words, numbers } = this.memory;
    const bucketAt = this.#bucketAt(hash);
    for (;;) {
      const word = Atomics.load(words, bucketAt);
      const unit = indexOf(word);
      if (unit === 0) return undefined;
      const count = this.#count(unit);
      let found: Handle | undefined;
      for (let i = 0; i < count && !found; i++) {
        const entry = numbers[unit * UNIT + LIST_HEAD + i]!;
        if (entry % HASHES === hash) found = this.#ifTitled(Math.floor(entry / HASHES), title);
      }
      if (this.#isStillAt(bucketAt, word)) return found;
    }
  }

  /** The row at an index, whatever its key; `undefined` when there is none now. */
  titleOf(row: number): (Handle & Title) | undefined {
    const { words, numbers } = this.memory;
    const head = Atomics.load(words, this.headAt(row));
    const block = indexOf(head);
    if (block === 0) return undefined;
    const birth = numbers[block * UNIT + 1 + BIRTH]!;
    const unit = numbers[block * UNIT + 1 + TITLE]!;
    if (!this.#isBlock(unit)) return undefined;
    const title = readTitle(this.memory, unit, this.blocks.wordsOf(unit));
    return this.isStill(row, head) ? { row, birth, ...title } : undefined;
  }

  /** How many rows were ever used at a time. */
  get used(): number {
    return Atomics.load(this.memory.halves, AT_UNUSED * 2 + 1);
  }

  /** Adds a row with the state of `draft`, unless another thread has just done so. */
  create(title: Title, draft: Draft): void {
    const hash = hashOf(title);
    const row = this.#indices.take();
    const unit = row === 0 ? 0 : writeTitle(this.memory, this.blocks, title);
    const block = unit === 0 ? 0 : this.blocks.take(PLAIN, draft.size + 1);
    if (block === 0) {
      if (unit !== 0) this.blocks.give(unit);
      if (row !== 0) this.#indices.give(row);
      throw full(
        title.key === undefined
          ? `the limiter ${show(title.name)}`
          : `the key ${show(title.key.slice(0, 80))}`,
      );
    }
    draft.cells[BIRTH] = this.newBirth();
    draft.cells[TICKET] = draft.cells[BIRTH];
    draft.cells[TITLE] = unit;
    this.write(draft, block);
    const headAt = this.headAt(row);
    const head = next(Atomics.load(this.memory.words, headAt), block);
    Atomics.store(this.memory.words, headAt, head);
    const listed = this.#list(title, hash, row);
    if (listed === true) return;
    Atomics.store(this.memory.words, headAt, next(head, 0));
    this.blocks.give(unit);
    this.blocks.give(block);
    this.#indices.give(row);
    if (listed === undefined) throw full("a longer list of keys");
  }

  /** Copies a draft into a block of this thread. */
  write(draft: Draft, block: number): void {
    const { cells, size } = draft;
    const { numbers } = this.memory;
    const to = block * UNIT + 1;
    cells[SIZE] = size;
    for (let i = 0; i < size; i++) numbers[to + i] = cells[i]!;
  }

  /** Takes a row that is dead off its list, and all that was its own. */
  unlist(draft: Draft): void {
    const unit = draft.cells[TITLE]!;
    const title = readTitle(this.memory, unit, this.blocks.wordsOf(unit));
    this.#drop(hashOf(title), draft.row);
    draft.drop();
    this.blocks.give(unit);
    this.blocks.give(draft.block);
    if (draft.tail.block !== 0) this.blocks.give(draft.tail.block);
  }

  /** Tickets of later lives of the budget are above this one. */
  raiseStamp(ticket: number): void {
    const { words } = this.memory;
    for (;;) {
      const stamp = Atomics.load(words, AT_STAMP);
      if (Number(stamp) >= ticket) return;
      if (Atomics.compareExchange(words, AT_STAMP, stamp, BigInt(ticket)) === stamp) return;
    }
  }

  /** A number that no row had before, and no ticket of the past. */
  newBirth(): number {
    return Number(Atomics.add(this.memory.words, AT_STAMP, 1n)) + 1;
  }

  #bucketAt(hash: number): number {
    return this.#regions.buckets + (hash & (this.#regions.bucketCount - 1));
  }

  #isStillAt(at: number, word: bigint): boolean {
    this.order();
    return Atomics.load(this.memory.words, at) === word;
  }

  /** Of a list that may be someone else's by now. */
  #count(unit: number): number {
    const count = this.memory.numbers[unit * UNIT + 1]!;
    return Math.min(count || 0, this.blocks.wordsOf(unit) - LIST_HEAD);
  }

  #isBlock(unit: number): boolean {
    return unit >= this.#regions.firstUnit && unit < this.#regions.endUnit;
  }

  #ifTitled(row: number, title: Title): Handle | undefined {
    if (!(row > 0 && row < this.#regions.rowCount)) return undefined;
    const { words, numbers } = this.memory;
    for (;;) {
      const head = Atomics.load(words, this.headAt(row));
      const block = indexOf(head);
      if (block === 0) return undefined;
      const birth = numbers[block * UNIT + 1 + BIRTH]!;
      const unit = numbers[block * UNIT + 1 + TITLE]!;
      const same = this.#isBlock(unit) && isTitle(this.memory, unit, title);
      if (this.isStill(row, head)) return same ? { row, birth } : undefined;
    }
  }

  /** False when the title is listed already; `undefined` when memory is full. */
  #list(title: Title, hash: number, row: number): boolean | undefined {
    const bucketAt = this.#bucketAt(hash);
    const add = (entries: number[]): number[] => [...entries, row * HASHES + hash];
    for (;;) {
      const word = Atomics.load(this.memory.words, bucketAt);
      if (this.find(title, hash)) return false;
      const done = this.#rewrite(bucketAt, word, add);
      if (done !== false) return done;
    }
  }

  /** When memory is full the dead row stays listed, where nobody finds it. */
  #drop(hash: number, row: number): void {
    const bucketAt = this.#bucketAt(hash);
    const drop = (entries: number[]): number[] =>
      entries.filter((entry) => Math.floor(entry / HASHES) !== row);
    for (;;) {
      const word = Atomics.load(this.memory.words, bucketAt);
      const done = this.#rewrite(bucketAt, word, drop);
      if (done === true) this.#indices.give(row);
      if (done !== false) return;
    }
  }

  /**
   * Swaps a changed list in for the one of `word`; false when that has moved on,
   * `undefined` when memory is full.
   */
  #rewrite(
    bucketAt: number,
    word: bigint,
    change: (entries: number[]) => number[],
  ): boolean | undefined {
    const { words, numbers } = this.memory;
    const unit = indexOf(word);
    const entries: number[] = [];
    const count = unit === 0 ? 0 : this.#count(unit);
    for (let i = 0; i < count; i++) entries.push(numbers[unit * UNIT + LIST_HEAD + i]!);
    const changed = change(entries);
    const block = changed.length === 0 ? 0 : this.blocks.take(PLAIN, LIST_HEAD + changed.length);
    if (block === 0 && changed.length > 0) return undefined;
    if (block !== 0) {
      numbers[block * UNIT + 1] = changed.length;
      changed.forEach((entry, i) => {
        numbers[block * UNIT + LIST_HEAD + i] = entry;
      });
    }
    const swapped = Atomics.compareExchange(words, bucketAt, word, next(word, block)) === word;
    const free = swapped ? unit : block;
    if (free !== 0) this.blocks.give(free);
    return swapped;
  }
}

/** The two halves of a row's word, as numbers of a record. */
export function setWord(cells: Float64Array, at: number, word: bigint): void {
  cells[at] = indexOf(word);
  cells[at + 1] = generationOf(word);
}
