/** Queues that wait for an instant of their own limits; those whose instant has come, by rank. */

import { Heap } from "./heap.ts";
import { type KeyQueue, rankOf } from "./queue.ts";

export class Ready {
  readonly #ageing: number;
  readonly #later = new Heap<KeyQueue>();
  readonly #now = new Heap<KeyQueue>();

  constructor(ageing: number) {
    this.#ageing = ageing;
  }

  /** When to look again, on the store's clock: not after the earliest instant. */
  get least(): number {
    return this.#now.size > 0 ? 0 : this.#later.least;
  }

  get size(): number {
    return this.#later.size + this.#now.size;
  }

  /** A queue looks again at `due`; `queues` is how many there are in all. */
  add(queue: KeyQueue, due: number, queues: number): void {
    // Those who gave up behind a far limit would be kept until it opens.
    if (this.#later.isOvergrown(queues)) this.#later.prune(isThere);
    queue.where = "ready";
    queue.due = due;
    this.#later.push(due, queue);
  }

  /** A queue looks again when it is its turn. */
  addNow(queue: KeyQueue): void {
    const head = queue.head(this.#ageing)!;
    queue.where = "ready";
    queue.due = rankOf(head, this.#ageing);
    this.#now.push(queue.due, queue, head.order);
  }

  /** Takes out the first of the queues that are due by now: the one with the smallest rank. */
  shift(now: number): KeyQueue | undefined {
    while (this.#later.least <= now) {
      const due = this.#later.least;
      const queue = this.#later.pop()!;
      if (isThere(queue, due)) this.addNow(queue);
    }
    while (this.#now.size > 0) {
      const rank = this.#now.least;
      const queue = this.#now.pop()!;
      if (isThere(queue, rank)) return queue;
    }
    return undefined;
  }
}

/** Whether it still waits for this instant, and not for another one, or not at all. */
function isThere(queue: KeyQueue, due: number): boolean {
  return queue.where === "ready" && queue.due === due && queue.size > 0;
}
