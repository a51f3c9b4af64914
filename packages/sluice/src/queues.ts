/** The queues of all keys, and the line of those that the whole limiter holds back. */

import { type Costs, takesShared } from "./costs.ts";
import type { Plan } from "./limits/plan.ts";
import { Line } from "./line.ts";
import { compareRanks, KeyQueue, type Waiter } from "./queue.ts";

export class Queues {
  readonly line: Line;
  readonly #ageing: number;
  readonly #byKey = new Map<string, KeyQueue>();

  constructor(ageing: number) {
    this.#ageing = ageing;
    this.line = new Line(ageing);
  }

  get size(): number {
    return this.#byKey.size;
  }

  get(key: string): KeyQueue | undefined {
    return this.#byKey.get(key);
  }

  all(): KeyQueue[] {
    return Array.from(this.#byKey.values());
  }

  open(key: string, plan: Plan): KeyQueue {
    let queue = this.#byKey.get(key);
    if (!queue) {
      queue = new KeyQueue(key, plan);
      this.#byKey.set(key, queue);
    }
    return queue;
  }

  dissolve(queue: KeyQueue): void {
    this.line.leave(queue);
    queue.where = "held";
    this.#byKey.delete(queue.key);
  }

  /** Whether somebody stands before a newcomer with this key and these costs. */
  blocks(key: string, plan: Plan, costs: Costs): boolean {
    if (this.#byKey.has(key)) return true;
    return this.line.size > 0 && takesShared(plan, costs);
  }

  /** Whether a head's place is in the line: where limits are under all keys, it must take of them. */
  standsInLine(queue: KeyQueue): boolean {
    return !queue.plan.hasShared || takesShared(queue.plan, queue.head(this.#ageing)!.costs);
  }

  /** Whether somebody with a smaller rank stands in the line before it. */
  mustStand(queue: KeyQueue): boolean {
    const first = this.line.head;
    if (!first || !this.standsInLine(queue)) return false;
    return compareRanks(queue.head(this.#ageing)!, first, this.#ageing) > 0;
  }

  /** Takes those out of their queues who stand before a newcomer, to be booked: in their order. */
  take(key: string, plan: Plan): Waiter[] {
    const queues = new Set(plan.hasShared ? this.line.queues() : []);
    const own = this.#byKey.get(key);
    if (own) queues.add(own);
    const waiters: Waiter[] = [];
    for (const queue of queues) {
      if (queue.plan.rules.some(({ limit }) => neverBooked(limit.kind))) continue;
      waiters.push(...queue.all(this.#ageing));
      this.dissolve(queue);
    }
    return waiters.sort((a, b) => compareRanks(a, b, this.#ageing));
  }

  /** Puts waiters that were taken out back, before those who came later. */
  restore(waiters: readonly Waiter[]): void {
    const groups = new Map<string, Waiter[]>();
    for (const waiter of waiters) {
      const { priority, queue } = waiter.level;
      const name = `${priority} ${queue.key}`;
      const group = groups.get(name);
      if (group) group.push(waiter);
      else groups.set(name, [waiter]);
    }
    for (const group of groups.values()) {
      const { priority, queue } = group[0]!.level;
      const level = this.open(queue.key, queue.plan).level(priority);
      level.restore(group.sort((a, b) => a.order - b.order));
    }
  }
}

/** Nobody knows when these have room, so nothing can be booked behind them. */
function neverBooked(kind: string): boolean {
  return kind === "concurrency" || kind === "blocked";
}
