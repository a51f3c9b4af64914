/**
 * A private copy of one row: what is decided and changed before one swap makes it the row. The
 * record behind it is immutable while it is in force.
 */

import { commitBy, earliestBy, idleFrom, type Place } from "../../limits/algorithm.ts";
import { fitsBy, roomFor } from "../../limits/growth.ts";
import * as slots from "../../limits/concurrency/concurrency.ts";
import type { AnyLimit, Earliest, Moment, WindowLimit } from "../../limits/limit.ts";
import type { Blocks } from "./blocks.ts";
import { type Memory, UNIT } from "./layout.ts";
import { OldStates } from "./old-states.ts";
import { pair } from "./pair.ts";
import { GATE, HEADER, IDLE, SHAPE, SIZE, TAIL } from "./record.ts";
import { RingBlocks } from "./ring-blocks.ts";
import * as ring from "./ring.ts";
import { leastOf, type Shape } from "./shapes.ts";
import { Tail } from "./tail.ts";

const AT_ANY_TIME: Moment = { now: 0, wall: 0, since: 0 };

export class Draft {
  /** The row's index; 0 when there is none yet. */
  row = 0;
  /** Where the row's word is. */
  headAt = 0;
  /** The row's word at the reading: its record, and the generation. */
  block = 0;
  generation = 0;
  cells: Float64Array = new Float64Array(256);
  size: number = HEADER;
  shape!: Shape;
  /** Where each state begins. */
  readonly offsets: number[] = [];
  /** Whether the numbers are still those of the record and the entries of its tail that were read. */
  valid = false;
  readonly tail: Tail;
  /** How many instants the record and its tail enter into the ring that is the only state. */
  entered = 0;
  readonly #rings: RingBlocks;
  readonly memory: Memory;
  readonly #blocks: Blocks;

  constructor(memory: Memory, blocks: Blocks) {
    this.memory = memory;
    this.#blocks = blocks;
    this.#rings = new RingBlocks(memory, blocks);
    this.tail = new Tail(memory);
  }

  /** A row without history. */
  clear(shape: Shape): void {
    this.row = 0;
    this.block = 0;
    this.generation = 0;
    this.#rings.shed();
    this.reshape(shape);
    this.cells.fill(0, 0, HEADER);
    this.#begin();
  }

  /** Empty states of a shape, behind the same header. */
  reshape(shape: Shape): void {
    this.valid = false;
    this.shape = shape;
    this.#reserve(HEADER + shape.least);
    this.cells.fill(0, HEADER, this.size);
    this.locate();
  }

  /** Takes another shape, and hands out the states it had. */
  reshapeFrom(shape: Shape): OldStates {
    const old = new OldStates(this.memory, this);
    this.cells[SHAPE] = 0;
    this.reshape(shape);
    return old;
  }

  get head(): bigint {
    return pair(this.block, this.generation);
  }

  /** Copies the record of a block; whether it is in force is to be checked. */
  copy(row: number, headAt: number, generation: number, block: number): void {
    this.valid = false;
    this.#rings.shed();
    this.row = row;
    this.headAt = headAt;
    this.block = block;
    this.generation = generation;
    const { numbers } = this.memory;
    const from = block * UNIT + 1;
    // Anything may be there when the row has moved on.
    const size = Math.min(numbers[from + SIZE]! || 0, this.#blocks.wordsOf(block) - 1);
    this.#reserve(Math.max(HEADER, size));
    const { cells } = this;
    for (let i = 0; i < size; i++) cells[i] = numbers[from + i]!;
  }

  /** What was copied is in force, and this is what it means. */
  knows(shape: Shape): void {
    this.shape = shape;
    this.locate();
    this.#begin();
  }

  #begin(): void {
    this.tail.open(this.cells[TAIL]!, this.row, this.generation);
    const [part] = this.shape.parts;
    this.entered = part?.limit.kind === "window" ? ring.noted(this.cells, HEADER) : 0;
  }

  /** Finds the states; rings and slots have sizes of their own. */
  locate(): void {
    const { parts } = this.shape;
    let at = HEADER;
    this.offsets.length = parts.length;
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i]!;
      this.offsets[i] = at;
      at += leastOf(part);
      if (part.limit.kind === "concurrency") at += 2 * this.cells[this.offsets[i]!]!;
    }
  }

  place(part: number): Place {
    return { cells: this.cells, base: this.offsets[part]! };
  }

  earliest(part: number, limit: AnyLimit, cost: number, moment: Moment): Earliest {
    const at = this.offsets[part]!;
    return limit.kind === "window"
      ? ring.earliest(this.memory, limit, this.cells, at, cost, moment.now)
      : earliestBy(limit.kind, limit, this.cells, at, cost, moment);
  }

  /** Whether one more admission at `instant` fits into the same step. */
  takes(part: number, limit: AnyLimit, instant: number): boolean {
    return limit.kind !== "window" || ring.takes(this.cells, this.offsets[part]!, instant);
  }

  /** @throws `KEYS_EXHAUSTED` when there is no memory for it. */
  commit(
    part: number,
    limit: AnyLimit,
    cost: number,
    at: number,
    moment: Moment,
    ticket: number,
  ): void {
    this.valid = false;
    if (limit.kind === "window") {
      const place = this.offsets[part]!;
      this.#rings.grow(this.cells, place, limit, cost, moment.now);
      return ring.commit(limit, this.cells, place, cost, at);
    }
    if (limit.kind === "concurrency") this.#roomForSlots(part, limit, cost, moment.now);
    const base = this.offsets[part]!;
    commitBy(limit.kind, limit, this.cells, base, cost, at, moment, ticket);
  }

  /** When what was read or committed is as good as empty. */
  get idleAt(): number {
    const idle = this.cells[IDLE]!;
    // That of a pace or a window is the same at any time.
    return this.tail.count === 0 ? idle : Math.max(idle, this.idle(AT_ANY_TIME));
  }

  /** When all states are empty again. */
  idle(moment: Moment): number {
    let idle = this.cells[GATE]!;
    for (let i = 0; i < this.shape.parts.length; i++) {
      const { limit } = this.shape.parts[i]!;
      const at = this.offsets[i]!;
      const part =
        limit.kind === "window"
          ? ring.idleFrom(this.memory, this.cells, at)
          : this.#idlePart(i, moment);
      if (part > idle) idle = part;
    }
    return idle;
  }

  /** A state in one piece for the pure functions; with room for `more` when it is a ring. */
  flat(part: number, more = 0): Place {
    if (this.shape.parts[part]!.limit.kind !== "window") return this.place(part);
    const cells = ring.unrolled(this.memory, this.cells, this.offsets[part]!, more);
    return { cells, base: 0 };
  }

  /** Takes a ring in one piece as the state. */
  unflatten(part: number, flat: Place, limit: WindowLimit): void {
    this.valid = false;
    this.#rings.unroll(this.cells, this.offsets[part]!, flat, limit);
  }

  /** Enters a log's noted instants into a new block, so that it can note more. */
  compact(part: number, limit: AnyLimit): void {
    if (limit.kind === "window") this.unflatten(part, this.flat(part), limit);
  }

  /** Enters what earlier commits noted; false when the row has moved on. */
  enter(): boolean {
    const { parts } = this.shape;
    for (let i = 0; i < parts.length; i++) {
      if (parts[i]!.limit.kind !== "window") continue;
      const at = this.offsets[i]!;
      if (!ring.enter(this.memory, this.cells, at, this.headAt, this.generation)) return false;
    }
    return true;
  }

  /** The draft is in force, by a record in this block; others may have replaced it already. */
  committed(block: number): void {
    this.#rings.keep();
    this.generation = (this.generation + 1) | 0;
    this.block = block;
    this.#begin();
    this.valid = this.enter();
  }

  /** Drops all states. */
  empty(shape: Shape): void {
    const old = this.reshapeFrom(shape);
    old.shape.parts.forEach((_, part) => old.leave(part, this));
  }

  /** A ring's block is free once the step is committed. */
  replaces(block: number, next: number): void {
    this.#rings.replaces(block, next);
  }

  /** All rings of a row that is no more. */
  drop(): void {
    this.shape.parts.forEach(({ limit }, i) => {
      const at = this.offsets[i]!;
      if (limit.kind === "window") this.#rings.drop(this.cells, at);
    });
    this.#rings.keep();
  }

  #roomForSlots(
    part: number,
    limit: Extract<AnyLimit, { kind: "concurrency" }>,
    cost: number,
    now: number,
  ): void {
    const base = this.offsets[part]!;
    if (fitsBy(limit.kind, limit, this.cells, base, cost, now)) return;
    const size = roomFor(limit, this.cells, base, cost, now);
    this.resize(part, size);
  }

  /** Moves slots into a larger place. */
  resize(part: number, size: number): void {
    const base = this.offsets[part]!;
    const old = slots.SLOTS_HEADER + 2 * this.cells[base]!;
    if (size === old) return;
    const from = this.cells.slice(base, base + old);
    const grown = this.size + size - old;
    const end = this.size;
    this.#reserve(grown);
    this.cells.copyWithin(base + size, base + old, end);
    this.cells.fill(0, base, base + size);
    slots.move(from, 0, this.cells, base, size);
    this.locate();
  }

  #reserve(size: number): void {
    this.size = size;
    if (size <= this.cells.length) return;
    const grown = new Float64Array(2 * size);
    grown.set(this.cells);
    this.cells = grown;
  }

  #idlePart(part: number, moment: Moment): number {
    return idleFrom(this.shape.parts[part]!.limit, this.place(part), moment);
  }
}
