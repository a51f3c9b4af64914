/** One state of a row: the limit that its numbers are of, and the numbers. */

import { commitTo, idleFrom, type Place } from "../../limits/algorithm.ts";
import { grownSize, grows, moveTo, roomFor, sizeOf } from "../../limits/growth.ts";
import { migrateState, type Site } from "../../limits/history.ts";
import type { AnyLimit, Moment } from "../../limits/limit.ts";

/** The most numbers of a state that lie in the row itself. */
export const INLINE = 64;
/** How many numbers of a longer one the row may have besides, because its chunks are out of date. */
export const PATCH = 64;

export class Kept {
  readonly costName: string;
  /** What the numbers are read by when no caller's own limit is at hand. */
  limit: AnyLimit;
  cells: Float64Array;
  base: number;
  size: number;
  /** Of a long state: which numbers in its chunks are out of date; `undefined` for all of them. */
  stale: Set<number> | undefined;

  constructor(costName: string, limit: AnyLimit, cells: Float64Array, base: number, size: number) {
    this.costName = costName;
    this.limit = limit;
    this.cells = cells;
    this.base = base;
    this.size = size;
    this.stale = undefined;
  }

  static empty(costName: string, limit: AnyLimit): Kept {
    const size = sizeOf(limit);
    return new Kept(costName, limit, new Float64Array(size), 0, size);
  }

  /** Whether the numbers lie in chunks of their own. */
  get long(): boolean {
    return this.size > INLINE;
  }

  /** How many numbers at the front of a long state lie in the row: every commit changes them. */
  get head(): number {
    return grows(this.limit) ? sizeOf(this.limit) : 0;
  }

  /** Whether the row has room for `more` numbers that its chunks have not. */
  hasRoom(more: number): boolean {
    return !this.long || (this.stale !== undefined && this.stale.size + more <= PATCH);
  }

  /** Books `cost` by a caller's limit; `now` is before or at `at`. */
  commit(limit: AnyLimit, cost: number, at: number, moment: Moment, ticket: number): void {
    if (grows(limit)) this.#makeRoom(cost, moment.now);
    if (limit.kind !== "window") {
      return this.change(() => commitTo(limit, this.cells, this.base, cost, at, moment, ticket));
    }
    if (this.long) this.#note(limit, cost);
    commitTo(limit, this.cells, this.base, cost, at, moment, ticket);
  }

  /** Runs what may change any of the numbers, and notes which it has. */
  change(f: () => void): void {
    if (!this.long || this.stale === undefined) return f();
    const { base, size } = this;
    const before = this.cells.slice(base, base + size);
    f();
    for (let i = this.head; i < size; i++) {
      if (this.cells[base + i] !== before[i]) this.stale.add(i);
    }
  }

  idleFrom(moment: Moment): number {
    return idleFrom(this.limit, this, moment);
  }

  /** Takes over what another state of the same cost knows; false when that is nothing. */
  takeOver(old: Place & { readonly limit: AnyLimit }, moment: Moment): boolean {
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
    this.stale = undefined;
  }

  /** A ring is written from its next slot on. */
  #note(limit: AnyLimit, cost: number): void {
    const header = sizeOf(limit);
    const capacity = this.size - header;
    const next = this.cells[this.base + 1]!;
    for (let i = 0; i < cost; i++) this.stale?.add(header + ((next + i) % capacity));
  }
}
