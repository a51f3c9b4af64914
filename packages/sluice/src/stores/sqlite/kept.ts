/** One state of a row: the limit that its numbers are of, and the numbers. */

import { commitTo, idleFrom, type Place } from "../../limits/algorithm.ts";
import { grownSize, grows, moveTo, roomFor, sizeOf } from "../../limits/growth.ts";
import { migrateState, type Site } from "../../limits/history.ts";
import type { AnyLimit, Moment } from "../../limits/limit.ts";

/** Numbers in one chunk of a long ring, and of every state that lie in the row itself. */
export const CHUNK = 128;
export const INLINE = 64;

export class Kept {
  readonly costName: string;
  /** What the numbers are read by when no caller's own limit is at hand. */
  limit: AnyLimit;
  cells: Float64Array;
  base: number;
  size: number;
  /** The chunks to be written; `undefined` for all of them. */
  dirty: Set<number> | undefined = new Set();

  constructor(costName: string, limit: AnyLimit, cells: Float64Array, base: number, size: number) {
    this.costName = costName;
    this.limit = limit;
    this.cells = cells;
    this.base = base;
    this.size = size;
  }

  static empty(costName: string, limit: AnyLimit): Kept {
    const size = sizeOf(limit);
    const made = new Kept(costName, limit, new Float64Array(size), 0, size);
    made.dirty = undefined;
    return made;
  }

  get place(): Place {
    return this;
  }

  /** Books `cost` by a caller's limit; `now` is before or at `at`. */
  commit(limit: AnyLimit, cost: number, at: number, moment: Moment, ticket: number): void {
    if (grows(limit)) this.#makeRoom(cost, moment.now);
    const write = (): void => commitTo(limit, this.cells, this.base, cost, at, moment, ticket);
    if (limit.kind !== "window") return this.change(write);
    if (this.size > INLINE) this.#note(limit, cost);
    write();
  }

  /** Runs what may change any of the numbers, and notes which it has. */
  change(f: () => void): void {
    if (this.size <= INLINE || this.dirty === undefined) return f();
    const before = this.cells.slice(this.base, this.base + this.size);
    f();
    for (let i = INLINE; i < this.size; i++) {
      if (this.cells[this.base + i] !== before[i]) this.dirty.add(chunkOf(i));
    }
  }

  idleFrom(moment: Moment): number {
    return idleFrom(this.limit, this, moment);
  }

  /** Takes over what another state of the same cost knows; false when that is nothing. */
  takeOver(old: Kept, moment: Moment): boolean {
    const site: Site = { place: () => this, grow: (size) => this.#grow(size) };
    return migrateState(old.limit, old, this.limit, site, moment);
  }

  #makeRoom(cost: number, now: number): void {
    const size = roomFor(this.limit, this.cells, this.base, cost, now);
    if (size !== grownSize(this.limit, this)) this.#grow(size);
  }

  #grow(size: number): void {
    const grown = new Float64Array(size);
    moveTo(this.limit, this.cells, this.base, grown, 0, size);
    this.cells = grown;
    this.base = 0;
    this.size = size;
    this.dirty = undefined;
  }

  /** A ring is written from its next slot on. */
  #note(limit: AnyLimit, cost: number): void {
    const header = sizeOf(limit);
    const capacity = this.size - header;
    const next = this.cells[this.base + 1]!;
    for (let i = 0; i < cost; i++) {
      const index = header + ((next + i) % capacity);
      if (index >= INLINE) this.dirty?.add(chunkOf(index));
    }
  }
}

/** Which chunk a number is in. */
export function chunkOf(index: number): number {
  return Math.floor((index - INLINE) / CHUNK);
}
