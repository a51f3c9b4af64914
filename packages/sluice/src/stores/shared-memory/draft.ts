/**
 * A private copy of one row: what is decided and changed before one swap makes it the row. The
 * record behind it is immutable while it is in force.
 */

import { commitBy, earliestBy, idleFrom, type Place } from "../../limits/algorithm.ts";
import { fitsBy, roomFor } from "../../limits/growth.ts";
import * as slots from "../../limits/concurrency/concurrency.ts";
import type { AnyLimit, Earliest, Moment, WindowLimit } from "../../limits/limit.ts";
import { RING_HEADER } from "../../limits/window/ring.ts";
import type { Blocks } from "./blocks.ts";
import { type Memory, UNIT } from "./layout.ts";
import { OldStates } from "./old-states.ts";
import { generationOf } from "./pair.ts";
import { SHAPE, GATE, SIZE, HEADER } from "./record.ts";
import { RingBlocks } from "./ring-blocks.ts";
import * as ring from "./ring.ts";
import { leastOf, type Shape } from "./shapes.ts";

export class Draft {
  /** The row's index; 0 when there is none yet. */
  row = 0;
  /** The row's word at the reading. */
  head = 0n;
  generation = 0;
  cells: Float64Array = new Float64Array(256);
  size: number = HEADER;
  shape!: Shape;
  /** Where each state begins. */
  readonly offsets: number[] = [];
  /** Whether the numbers are still those of the record that `head` names. */
  valid = false;
  readonly #rings: RingBlocks;
  readonly #memory: Memory;
  readonly #blocks: Blocks;

  constructor(memory: Memory, blocks: Blocks) {
    this.#memory = memory;
    this.#blocks = blocks;
    this.#rings = new RingBlocks(memory, blocks);
  }

  /** A row without history. */
  clear(shape: Shape): void {
    this.row = 0;
    this.head = 0n;
    this.#rings.shed();
    this.reshape(shape);
    this.cells.fill(0, 0, HEADER);
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
    const old = new OldStates(this.#memory, this);
    this.cells[SHAPE] = 0;
    this.reshape(shape);
    return old;
  }

  /** Copies what the block of `head` says; whether that is in force is for the caller to check. */
  copy(row: number, head: bigint, block: number): void {
    this.row = row;
    this.head = head;
    this.generation = generationOf(head);
    this.valid = false;
    this.#rings.shed();
    const { numbers } = this.#memory;
    const from = block * UNIT + 1;
    // Anything may be there when the row has moved on.
    const size = Math.min(numbers[from + SIZE]! || 0, this.#blocks.wordsOf(block) - 1);
    this.#reserve(Math.max(HEADER, size));
    const { cells } = this;
    for (let i = 0; i < size; i++) cells[i] = numbers[from + i]!;
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
      ? ring.earliest(this.#memory, limit, this.cells, at, cost, moment.now)
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
      this.#roomInRing(part, limit, cost, moment.now);
      return ring.commit(limit, this.cells, this.offsets[part]!, cost, at);
    }
    if (limit.kind === "concurrency") this.#roomForSlots(part, limit, cost, moment.now);
    const base = this.offsets[part]!;
    commitBy(limit.kind, limit, this.cells, base, cost, at, moment, ticket);
  }

  /** When all states are empty again. */
  idle(moment: Moment): number {
    let idle = this.cells[GATE]!;
    for (let i = 0; i < this.shape.parts.length; i++) {
      const { limit } = this.shape.parts[i]!;
      const at = this.offsets[i]!;
      const part = limit.kind === "window" ? this.#idleRing(at) : this.#idlePart(i, moment);
      if (part > idle) idle = part;
    }
    return idle;
  }

  /** A state in one piece for the pure functions; with room for `more` when it is a ring. */
  flat(part: number, more = 0): Place {
    if (this.shape.parts[part]!.limit.kind !== "window") return this.place(part);
    const cells = ring.unrolled(this.#memory, this.cells, this.offsets[part]!, more);
    return { cells, base: 0 };
  }

  /** Takes a ring in one piece as the state. */
  unflatten(part: number, { cells, base }: Place, limit: WindowLimit): void {
    const at = this.offsets[part]!;
    const [capacity, next, known, floor] = cells.subarray(base, base + RING_HEADER) as unknown as [
      number,
      number,
      number,
      number,
    ];
    const instants = Array.from({ length: known }, (_, i) => {
      const slot = (next - known + i + 2 * capacity) % capacity;
      return cells[base + RING_HEADER + slot]!;
    });
    this.cells[at + ring.FLOOR] = floor;
    this.cells[at + ring.MOST] = Math.max(this.cells[at + ring.MOST]!, limit.most);
    this.cells[at + ring.WIDEST] = Math.max(this.cells[at + ring.WIDEST]!, limit.widest);
    if (known === 0) this.#dropRing(at);
    else this.#refill(at, known, instants);
  }

  /** Enters a log's noted instants into a new block, so that it can note more. */
  compact(part: number, limit: AnyLimit): void {
    if (limit.kind === "window") this.unflatten(part, this.flat(part), limit);
  }

  /** Enters what earlier commits noted; false when the row has moved on. */
  enter(headAt: number, head: bigint): boolean {
    const { parts } = this.shape;
    for (let i = 0; i < parts.length; i++) {
      if (parts[i]!.limit.kind !== "window") continue;
      if (!ring.enter(this.#memory, this.cells, this.offsets[i]!, headAt, head)) return false;
    }
    return true;
  }

  /** The draft is in force, by this word. */
  committed(headAt: number, head: bigint): void {
    this.#rings.keep();
    this.head = head;
    this.generation = generationOf(head);
    this.valid = this.enter(headAt, head);
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
      if (limit.kind === "window") this.#dropRing(at);
    });
    this.#rings.keep();
  }

  #dropRing(at: number): void {
    const { cells } = this;
    this.#rings.replaces(cells[at + ring.BLOCK]!, cells[at + ring.NEXT]!);
    cells.fill(0, at, at + ring.FLOOR);
    cells[at + ring.BLOCK] = 0;
    cells[at + ring.GROUPS] = 0;
  }

  #refill(at: number, room: number, instants: readonly number[]): void {
    const block = this.#rings.take(room);
    const { cells } = this;
    this.#rings.replaces(cells[at + ring.BLOCK]!, cells[at + ring.NEXT]!);
    const capacity = this.#blocks.wordsOf(block) - ring.BLOCK_HEAD;
    ring.fill(this.#memory, cells, at, block, capacity, instants);
  }

  /** Grows a ring that is full of instants that still count. */
  #roomInRing(part: number, limit: WindowLimit, cost: number, now: number): void {
    const at = this.offsets[part]!;
    const { cells } = this;
    if (ring.fits(this.#memory, limit, cells, at, cost, now)) return;
    const widest = Math.max(limit.widest, cells[at + ring.WIDEST]!);
    const live: number[] = [];
    for (let back = cells[at + ring.KNOWN]!; back > 0; back--) {
      const instant = ring.instantAt(this.#memory, cells, at, back);
      if (instant + widest > now) live.push(instant);
    }
    this.#refill(at, live.length + cost, live);
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

  #idleRing(at: number): number {
    const { cells } = this;
    const newest = cells[at + ring.KNOWN] === 0 ? 0 : ring.instantAt(this.#memory, cells, at, 1);
    return Math.max(cells[at + ring.FLOOR]!, newest === 0 ? 0 : newest + cells[at + ring.WIDEST]!);
  }

  #idlePart(part: number, moment: Moment): number {
    return idleFrom(this.shape.parts[part]!.limit, this.place(part), moment);
  }
}
