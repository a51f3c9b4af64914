/**
 * One atomic step on a key's row and the limiter's: read, change the private copies, and commit by
 * one swap. (docs/theory.md: "Shared memory".)
 *
 * A plan without `per: "limiter"` changes the key's row alone. With it, the swap of the limiter's
 * row commits both: its record says which word of the key's row becomes which, and whoever reads it
 * does that first. Such a row of a key is *governed*: nothing else changes it.
 */

import type { Moment } from "../../limits/limit.ts";
import type { Bound } from "./bound.ts";
import { PLAIN } from "./blocks.ts";
import { Draft } from "./draft.ts";
import {
  BIRTH,
  GATE,
  GOVERNED,
  IDLE,
  LINK_NEW,
  LINK_OLD,
  LINK_ROW,
  ROOT,
  SEEN,
  SHAPE,
  TAIL,
  TICKET,
} from "./record.ts";
import { full } from "./full.ts";
import { Handles } from "./handles.ts";
import { next } from "./pair.ts";
import { type Rows, setWord } from "./rows.ts";
import { startUsed } from "./start.ts";
import { layTail } from "./tail.ts";
import { hashOf } from "./text.ts";

/** Microseconds: so long a new row is in use, and steps that come sooner one after another are many. */
const MOMENT = 1_000_000;

export class Step {
  readonly key: Draft;
  readonly root: Draft;
  /** Whether the limiter's row takes part in the commit. */
  governed = false;
  readonly rows: Rows;
  readonly #name: string;
  readonly #rootRow: number;
  /** The moment from which a new row counts as used up; absent when it starts full. */
  readonly #used: Moment | undefined;
  readonly #handles = new Handles();
  readonly #spare: Draft;
  #title = "";

  constructor(rows: Rows, name: string, used: Moment | undefined) {
    this.rows = rows;
    this.#name = name;
    this.#used = used;
    this.key = new Draft(rows.memory, rows.blocks);
    this.root = new Draft(rows.memory, rows.blocks);
    this.#spare = new Draft(rows.memory, rows.blocks);
    const title = { name, key: undefined };
    let found = rows.find(title);
    while (!found) {
      this.#spare.clear(rows.shapes.of([]));
      this.#spare.cells[GOVERNED] = ROOT;
      this.#stamp(this.#spare);
      rows.create(title, this.#spare);
      found = rows.find(title, hashOf(title));
    }
    this.#rootRow = found.row;
  }

  /** Reads what a plan needs of a key; without a row of the key the draft is a cold one. */
  read(bound: Bound, key: string): void {
    this.#title = key;
    this.governed = bound.plan.hasShared;
    if (!this.governed) {
      if (this.#readKey(key)) {
        if (this.key.cells[GOVERNED] === 0) return;
      } else return this.#coldKey(bound);
      this.governed = true;
    }
    this.rows.read(this.#rootRow, this.root);
    if (!this.#readKey(key)) this.#coldKey(bound);
    if (bound.plan.hasShared && this.root.shape.parts.length === 0) this.#coldRoot(bound);
  }

  /** Reads a key's row whose record has a tail with room; false when it is another one. */
  readWithTail(key: string): boolean {
    const { key: draft } = this;
    this.governed = false;
    const handle = this.#handles.get(key);
    if (handle === undefined) return false;
    const { row, birth } = handle;
    // Whether it is still so is found out by the swap of the tail's next word.
    if (!draft.valid || !draft.tail.isOpen || draft.row !== row || draft.cells[BIRTH] !== birth) {
      if (!this.rows.read(row, draft) || draft.cells[BIRTH] !== birth) return false;
    }
    return draft.tail.isOpen;
  }

  /** Reads a key's row, whatever the limits are. */
  readAny(key: string): void {
    this.#title = key;
    this.governed = false;
    this.key.row = 0;
    if (!this.#readKey(key)) this.key.row = 0;
    else if (this.key.cells[GOVERNED] !== 0) {
      this.governed = true;
      this.rows.read(this.#rootRow, this.root);
      if (!this.#readKey(key)) this.key.row = 0;
    }
  }

  /** Reads the limiter's row alone. */
  readRoot(): void {
    this.rows.read(this.#rootRow, this.root);
  }

  /** Counts the changes of the limiter's row, the gate of all keys among them. */
  rootGeneration(): number {
    // No more than a look: what is decided by it is ordered by the swap that comes after.
    return this.rows.memory.halves[this.rows.headAt(this.#rootRow) * 2 + 1]!;
  }

  /** Whether what was read is still so: for answers that write nothing. */
  isStill(): boolean {
    const { key, root, rows } = this;
    // First: the word was free then, and the record in force, since it is so afterwards.
    if (key.row !== 0 && !key.tail.isStill()) return false;
    rows.order();
    if (this.governed && rows.generation(root.row) !== root.generation) return false;
    return key.row === 0 || rows.generation(key.row) === key.generation;
  }

  /**
   * Makes the drafts what is in force. False when others were faster, or when the row had to be made
   * first: read, decide and try again.
   */
  commit(bound: Bound, moment: Moment): boolean {
    if (this.key.row === 0) return this.#create(bound, moment);
    if (!this.governed) return this.#swap(this.key, moment);
    if (this.key.cells[GOVERNED] === 0) return this.#govern();
    return this.#swapBoth(moment, false);
  }

  /** The limiter's row alone. */
  commitRoot(moment: Moment): boolean {
    return this.#swap(this.root, moment);
  }

  /** Forgets the key's row that was read; false when others were faster. */
  forget(moment: Moment): boolean {
    const { key, rows } = this;
    if (key.row === 0) return true;
    if (this.governed && key.cells[GOVERNED] === 0) return this.#govern();
    rows.raiseStamp(key.cells[TICKET]!);
    if (!key.tail.close()) return false;
    if (!(this.governed ? this.#swapBoth(moment, true) : swap(rows, key, 0))) return false;
    this.#handles.delete(this.#title);
    rows.unlist(key);
    return true;
  }

  /** All is as if the limiter were new, but for its tickets. */
  emptyRoot(moment: Moment): boolean {
    const { root, rows } = this;
    rows.raiseStamp(root.cells[TICKET]!);
    root.empty(rows.shapes.of([]));
    root.cells[GATE] = 0;
    root.cells[BIRTH] = rows.newBirth();
    root.cells[TICKET] = root.cells[BIRTH]!;
    return this.#swap(root, moment);
  }

  #readKey(key: string): boolean {
    for (;;) {
      let handle = this.#handles.get(key);
      if (!handle) {
        handle = this.rows.find({ name: this.#name, key });
        if (!handle) return false;
        this.#handles.set(key, handle);
      }
      const found = this.rows.read(handle.row, this.key);
      if (found && this.key.cells[BIRTH] === handle.birth) return true;
      this.#handles.delete(key);
    }
  }

  #coldKey(bound: Bound): void {
    this.#cold(this.key, bound, false);
  }

  /** The limiter's row is there from the opening on: its states come with the first plan. */
  #coldRoot(bound: Bound): void {
    this.root.reshapeFrom(bound.coldShape(true));
    startUsed(this.root, this.#used);
  }

  #cold(draft: Draft, bound: Bound, shared: boolean): void {
    draft.clear(bound.coldShape(shared));
    startUsed(draft, this.#used);
  }

  /** A cold row with nothing taken yet: what was decided on the draft is decided again on it. */
  #create(bound: Bound, moment: Moment): false {
    const draft = this.#spare;
    this.#cold(draft, bound, false);
    draft.cells[GOVERNED] = this.governed ? 1 : 0;
    // Not taken for idle before the step that it is made for.
    draft.cells[IDLE] = Math.max(draft.idle(moment), moment.now + MOMENT);
    this.#stamp(draft);
    this.rows.create({ name: this.#name, key: this.#title }, draft);
    return false;
  }

  #govern(): false {
    const { rows } = this;
    const draft = this.#spare;
    draft.valid = false;
    if (!rows.read(this.key.row, draft) || draft.cells[GOVERNED] !== 0) return false;
    draft.valid = false;
    draft.cells[GOVERNED] = 1;
    this.#replace(draft);
    return false;
  }

  #swap(draft: Draft, moment: Moment): boolean {
    const { cells } = draft;
    const isOften = moment.now - cells[SEEN]! < MOMENT;
    cells[SEEN] = moment.now;
    cells[IDLE] = draft.idle(moment);
    return this.#replace(draft, isOften);
  }

  /** The commit: a new record takes the place of the one that was read. */
  #replace(draft: Draft, isOften = false, block: number = this.#blockFor(draft)): boolean {
    if (block === 0) throw full(`what changes at the key ${JSON.stringify(this.#title)}`);
    const { memory, blocks } = this.rows;
    const { block: old, cells, generation, tail, row, shape } = draft;
    const tails = isOften && shape.hasTail && cells[GOVERNED] === 0;
    cells[TAIL] = tails ? layTail(memory, blocks, row, generation + 1) : 0;
    this.rows.write(draft, block);
    const done = tail.close() && swap(this.rows, draft, block);
    const [record, entries] = done ? [old, tail.block] : [block, cells[TAIL]];
    if (done) draft.committed(block);
    blocks.give(record);
    if (entries !== 0) blocks.give(entries);
    return done;
  }

  /** The swap of the limiter's row commits the key's, too; with `forget` the key's row ends. */
  #swapBoth(moment: Moment, forget: boolean): boolean {
    const { key, root, rows } = this;
    key.cells[SEEN] = moment.now;
    root.cells[SEEN] = moment.now;
    key.cells[IDLE] = key.idle(moment);
    root.cells[IDLE] = root.idle(moment);
    const block = forget ? 0 : this.#blockFor(key);
    const both = forget || block !== 0 ? this.#blockFor(root) : 0;
    if (both === 0 && block !== 0) rows.blocks.give(block);
    if (both !== 0 && block !== 0) rows.write(key, block);
    const head = next(key.head, block);
    root.cells[LINK_ROW] = key.row;
    setWord(root.cells, LINK_OLD, key.head);
    setWord(root.cells, LINK_NEW, head);
    if (!this.#replace(root, false, both)) {
      if (block !== 0) rows.blocks.give(block);
      return false;
    }
    // Whoever read the limiter's row since may have done it.
    Atomics.compareExchange(rows.memory.words, key.headAt, key.head, head);
    if (forget) {
      root.valid = false;
      return true;
    }
    rows.blocks.give(key.block);
    key.committed(block);
    root.cells[LINK_ROW] = 0;
    return true;
  }

  /** A block for the draft's record; 0 when memory is full. */
  #blockFor(draft: Draft): number {
    this.#stamp(draft);
    return this.rows.blocks.take(PLAIN, draft.size + 1);
  }

  /** Names the shape. */
  #stamp(draft: Draft): void {
    if (draft.cells[SHAPE] !== 0) return;
    draft.cells[SHAPE] = this.rows.shapes.unitOf(draft.shape);
    if (draft.cells[SHAPE] === 0) throw full("the description of the limits");
  }
}

/** Puts a block into the place of the record that was read; false when another has taken it. */
function swap({ memory }: Rows, { head, headAt }: Draft, block: number): boolean {
  return Atomics.compareExchange(memory.words, headAt, head, next(head, block)) === head;
}
