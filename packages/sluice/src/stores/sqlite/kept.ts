/** One state of a row: the limit that its numbers are of, and the numbers. */

import { commitTo, idleFrom, type Place } from "../../limits/algorithm.ts";
import { grownSize, grows, moveTo, roomFor, sizeOf } from "../../limits/growth.ts";
import { migrateState, type Site } from "../../limits/history.ts";
import type { AnyLimit, Moment } from "../../limits/limit.ts";
import { Ranges } from "./ranges.ts";

/** The most numbers of a state that lie in the row itself. */
export const INLINE = 64;
/**
 * Numbers in one chunk of a longer one. SQLite keeps rows of up to 1,002 bytes in one page of such a
 * table; of a longer one a part would lie in a page of its own.
 */
export const CHUNK = 120;
/** What of it the row has room for besides, because the chunks are out of date: one chunk, and some more. */
const PATCH = CHUNK + 16;
/** What a commit may add to that besides its own numbers: the borders of two ranges. */
const BORDERS = 4;

export class Kept {
  readonly costName: string;
  /** What the numbers are read by when no caller's own limit is at hand. */
  limit: AnyLimit;
  cells: Float64Array;
  base: number;
  size: number;
  /** Of a long state: which numbers in its chunks are out of date; `undefined` for all of them. */
  stale: Ranges | undefined;

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
    if (!this.long) return true;
    return this.stale !== undefined && this.stale.size + BORDERS + more <= PATCH;
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
      if (this.cells[base + i] !== before[i]) this.stale.add(i, i + 1);
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

  /** How many chunks a long state has. */
  get chunks(): number {
    return this.long ? Math.ceil((this.size - this.head) / CHUNK) : 0;
  }

  /** Which chunks are to be written, so that the row has room again. */
  flush(all: boolean): Iterable<number> {
    const { head, stale } = this;
    this.stale = new Ranges();
    if (all || stale === undefined) return Array.from({ length: this.chunks }, (_, part) => part);
    const partOf = (index: number): number => Math.floor((index - head) / CHUNK);
    const parts = new Set<number>();
    for (const { from, to } of stale) {
      for (let part = partOf(from); part <= partOf(to - 1); part++) parts.add(part);
    }
    // A ring goes on in the newest chunk, which is written once it is full.
    const newest = partOf(stale.newest);
    const rest = stale.within(head + newest * CHUNK, head + (newest + 1) * CHUNK);
    if (rest.size > 0.75 * CHUNK) return parts;
    this.stale = rest;
    parts.delete(newest);
    return parts;
  }

  /** A ring is written from its next slot on. */
  #note(limit: AnyLimit, cost: number): void {
    if (this.stale === undefined || cost === 0) return;
    const header = sizeOf(limit);
    const from = header + this.cells[this.base + 1]!;
    const over = from + cost - this.size;
    this.stale.add(from, over > 0 ? this.size : from + cost);
    if (over > 0) this.stale.add(header, header + over);
  }
}
