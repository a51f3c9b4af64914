/**
 * The line of the lanes that want instants of a limit under all keys: first come, first served over
 * keys. What the common limit refuses to one it refuses to all, so that nobody else asks before its
 * instant, and then one by one. A lane that its own limits hold back is not in the line.
 */

import { Heap } from "../heap.ts";
import type { Waiter } from "../queue.ts";

/** What the line needs of a lane. */
export interface InLine {
  /** Asks for its waiters up to a rank; false when it needs nothing now. */
  askUpTo(rank: number): boolean;
}

/** Calls under way at the beginning, and at most, as long as the common limit refuses none. */
const WIDTH = 16;
const MOST = 1_024;

export class CommonLine {
  /** By rank; those that left may still be in it. */
  readonly #lanes = new Heap<InLine>();
  readonly #standing = new Set<InLine>();
  #calls = 0;
  #width = WIDTH;
  /** Nobody asks before this, on this process's clock. */
  askAt = 0;
  readonly #onRefused: () => void;

  constructor(onRefused: () => void) {
    this.#onRefused = onRefused;
  }

  /** When there is something to do. */
  get due(): number {
    const waits = this.#standing.size > 0 && this.#calls < this.#width;
    return waits ? this.askAt : Number.POSITIVE_INFINITY;
  }

  has(lane: InLine): boolean {
    return this.#standing.has(lane);
  }

  /** Stands by the rank of the first waiter that has no instant. */
  join(lane: InLine, rank: number, { order }: Waiter): void {
    this.#standing.add(lane);
    this.#lanes.push(rank, lane, order);
  }

  /** Nobody waits in it any more. */
  leave(lane: InLine): void {
    this.#standing.delete(lane);
    if (!this.#lanes.isOvergrown(this.#standing.size)) return;
    this.#lanes.prune((each) => this.#standing.has(each));
  }

  serve(now: number): void {
    while (this.#least < Infinity && this.#calls < this.#width && this.askAt <= now) {
      const lane = this.#lanes.pop()!;
      this.#standing.delete(lane);
      if (lane.askUpTo(this.#least)) this.#calls++;
    }
  }

  /** The call of a lane has ended, whatever came of it. */
  ended(): void {
    this.#calls--;
  }

  /** All that a lane asked for was admitted: one more may ask at a time, so twice as many in a round. */
  admitted(): void {
    this.#width = Math.min(this.#width + 1, MOST);
  }

  /** The common limit refused. */
  refused(askAt: number): void {
    this.askAt = askAt;
    this.#width = 1;
    this.#onRefused();
  }

  /** Something was freed. */
  wake(): void {
    this.askAt = 0;
  }

  /** The rank of the first, Infinity when nobody stands. */
  get #least(): number {
    for (let lane = this.#lanes.peek(); lane && !this.#standing.has(lane);) {
      this.#lanes.pop();
      lane = this.#lanes.peek();
    }
    return this.#lanes.least;
  }

  clear(): void {
    this.#lanes.prune(() => false);
    this.#standing.clear();
  }
}
