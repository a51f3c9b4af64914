/**
 * The queues that only a limit of the whole limiter holds back: first come, first served over keys.
 * One that is held back by its own limits is not among them and blocks nobody.
 */

import { Heap } from "./heap.ts";
import { type KeyQueue, rankOf, type Waiter } from "./queue.ts";

export class Line {
  readonly #ageing: number;
  readonly #heap = new Heap<KeyQueue>();
  #size = 0;
  /** When to ask for the head again, on the store's clock; Infinity until a release. */
  #due = 0;

  constructor(ageing: number) {
    this.#ageing = ageing;
  }

  get size(): number {
    return this.#size;
  }

  get due(): number {
    return this.#size > 0 ? this.#due : Number.POSITIVE_INFINITY;
  }

  /** Whoever is served next. */
  get head(): Waiter | undefined {
    this.#clean();
    return this.#heap.peek()?.head(this.#ageing);
  }

  /** The head was asked for in vain. */
  wait(due: number): void {
    this.#due = due;
  }

  /** The head is asked for again at once. */
  wake(): void {
    this.#due = 0;
  }

  join(queue: KeyQueue): void {
    const head = queue.head(this.#ageing)!;
    queue.where = "line";
    queue.due = rankOf(head, this.#ageing);
    this.#clean();
    if (this.#heap.isOvergrown(this.#size)) this.#heap.prune(stands);
    if (queue.due < this.#heap.least) this.#due = 0;
    this.#heap.push(queue.due, queue, head.order);
    this.#size++;
  }

  leave(queue: KeyQueue): void {
    if (queue.where !== "line") return;
    queue.where = "held";
    this.#size--;
    this.#due = 0;
  }

  /** Takes the head out. */
  shift(): KeyQueue | undefined {
    this.#clean();
    const queue = this.#heap.pop();
    if (queue) this.leave(queue);
    return queue;
  }

  /** All queues of the line. */
  queues(): KeyQueue[] {
    return this.#heap.items().filter((queue) => queue.where === "line");
  }

  /** Drops entries of queues that have left, or stand here anew at another rank. */
  #clean(): void {
    for (;;) {
      const top = this.#heap.peek();
      if (!top || stands(top, this.#heap.least)) return;
      this.#heap.pop();
    }
  }
}

/** Whether it still stands here at this rank. */
function stands(queue: KeyQueue, rank: number): boolean {
  return queue.where === "line" && queue.due === rank;
}
