/** A state of its own for one limit, that grows as a store's would, between numbers nobody may touch. */

import {
  commitTo,
  earliestOf,
  idleFrom,
  type Place,
  raiseTo,
  refundTo,
  startUsed,
  usedOf,
} from "../../src/limits/algorithm.ts";
import { grownSize, grows, moveTo, roomFor, sizeOf } from "../../src/limits/growth.ts";
import { loadState, migrateState, saveState, type Site } from "../../src/limits/history.ts";
import type { AnyLimit, Earliest, Moment } from "../../src/limits/limit.ts";

/** How many numbers stand guard on either side, and what they are. */
const GUARDS = 3;
const GUARD = -0.125;

export class GrowingState {
  readonly limit: AnyLimit;
  #cells: Float64Array;
  #base = GUARDS;
  #size: number;

  constructor(limit: AnyLimit) {
    this.limit = limit;
    this.#size = sizeOf(limit);
    this.#cells = guarded(this.#size, this.#base);
  }

  get place(): Place {
    return { cells: this.#cells, base: this.#base };
  }

  earliest(cost: number, moment: Moment): Earliest {
    return this.#checked(() => earliestOf(this.limit, this.#cells, this.#base, cost, moment));
  }

  commit(cost: number, at: number, moment: Moment, ticket = 1): void {
    if (grows(this.limit)) {
      const size = roomFor(this.limit, this.#cells, this.#base, cost, moment.now);
      if (size !== grownSize(this.limit, this.place)) this.grow(size);
    }
    this.#checked(() => commitTo(this.limit, this.#cells, this.#base, cost, at, moment, ticket));
  }

  raise(from: number, units: number, moment: Moment): void {
    this.#checked(() => raiseTo(this.limit, this.place, { from, units }, moment));
  }

  refund(units: number, cost: number, at: number, moment: Moment, ticket = 1): void {
    this.#checked(() => refundTo(this.limit, this.place, { units, cost, at, ticket }, moment));
  }

  startUsed(moment: Moment): void {
    this.#checked(() => startUsed(this.limit, this.place, moment));
  }

  idleFrom(moment: Moment): number {
    return this.#checked(() => idleFrom(this.limit, this.place, moment));
  }

  used(moment: Moment): number {
    return this.#checked(() => usedOf(this.limit, this.place, moment));
  }

  save(moment: Moment): number[] {
    return this.#checked(() => saveState(this.limit, this.place, moment));
  }

  /** A new state with what was saved from another, `by` microseconds later. */
  static load(limit: AnyLimit, saved: readonly number[], by: number): GrowingState {
    const state = new GrowingState(limit);
    state.#checked(() => loadState(limit, saved, by, state.site));
    return state;
  }

  /** What the state becomes under a new limit; it starts used where the history says so. */
  migrate(limit: AnyLimit, moment: Moment): GrowingState {
    const state = new GrowingState(limit);
    const kept = migrateState(this.limit, this.place, limit, state.site, moment);
    this.#checked(() => undefined);
    if (!kept) state.startUsed(moment);
    state.#checked(() => undefined);
    return state;
  }

  /** A copy that goes its own way. */
  clone(): GrowingState {
    const copy = new GrowingState(this.limit);
    copy.#cells = this.#cells.slice();
    copy.#base = this.#base;
    copy.#size = this.#size;
    return copy;
  }

  /** Every number of the state, byte for byte. */
  bytes(): Uint8Array {
    const { buffer } = this.#cells.slice(this.#base, this.#base + this.#size);
    return new Uint8Array(buffer);
  }

  get site(): Site {
    return { place: () => this.place, grow: (size) => this.grow(size) };
  }

  grow(size: number): void {
    const base = this.#base + 1;
    const cells = guarded(size, base);
    moveTo(this.limit, this.#cells, this.#base, cells, base, size);
    this.#cells = cells;
    this.#base = base;
    this.#size = size;
  }

  /** Runs `f`, and fails when a number outside the state was written. */
  #checked<T>(f: () => T): T {
    const result = f();
    const end = this.#base + this.#size;
    const outside = [...this.#cells.subarray(0, this.#base), ...this.#cells.subarray(end)];
    if (outside.some((number) => number !== GUARD)) {
      throw new Error(`${this.limit.kind} wrote outside its state: ${outside.join(" ")}`);
    }
    return result;
  }
}

function guarded(size: number, base: number): Float64Array {
  const cells = new Float64Array(base + size + GUARDS).fill(GUARD);
  return cells.fill(0, base, base + size);
}
