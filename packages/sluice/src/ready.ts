/** Queues that wait for an instant of their own limits, the earliest first. */

import { Heap } from "./heap.ts";
import type { KeyQueue } from "./queue.ts";

export class Ready {
  readonly #heap = new Heap<KeyQueue>();

  /** When to look again, on the store's clock: not after the earliest instant. */
  get least(): number {
    return this.#heap.least;
  }

  get size(): number {
    return this.#heap.size;
  }

  /** A queue looks again at `due`; `queues` is how many there are in all. */
  add(queue: KeyQueue, due: number, order: number, queues: number): void {
    // Those who gave up behind a far limit would be kept until it opens.
    if (this.#heap.size > 2 * queues + 64) this.#heap.prune(isThere);
    queue.where = "ready";
    queue.due = due;
    this.#heap.push(due, queue, order);
  }

  /** Takes out the first queue that is due by now. */
  shift(now: number): KeyQueue | undefined {
    while (this.#heap.least <= now) {
      const due = this.#heap.least;
      const queue = this.#heap.pop()!;
      if (isThere(queue, due)) return queue;
    }
    return undefined;
  }
}

/** Whether it still waits for this instant, and not for another one, or not at all. */
function isThere(queue: KeyQueue, due: number): boolean {
  return queue.where === "ready" && queue.due === due && queue.size > 0;
}
