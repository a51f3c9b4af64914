/**
 * One key's waiters, ordered by arrival - priority * ageing, fixed at arrival: first in, first out
 * among equals, and nothing starves. Each priority has a queue of its own, so that joining and leaving
 * sort nothing: the head is the best of their heads.
 */

import { type Costs, sumOf } from "./costs.ts";
import type { Grant } from "./permit.ts";
import type { Plan } from "./limits/plan.ts";

/** A booked instant: the waiter may run from `from` to `at`, and is recorded at `at`. */
export interface Booking {
  readonly from: number;
  readonly at: number;
  readonly ticket: number;
}

/** What a waiter has only when it was given a signal or a time-out, or was booked. */
export interface WaiterExtras {
  /** On the store's clock. */
  deadline?: number;
  /** Detaches the abort listener. */
  detach?: () => void;
  /** What `reserve` booked for it: it may run from `from` on, and is recorded at `at`. */
  booked?: Booking;
}

let arrivals = 0;

/** One caller in a queue. Settled means that its promise was. */
export class Waiter {
  readonly settle: (outcome: Grant | Promise<never>) => void;
  costs: Costs;
  /** Microseconds on the store's clock. */
  readonly arrival: number;
  level: Level;
  /** The order of arrival among equals. */
  readonly order: number;
  extras: WaiterExtras | undefined;
  settled = false;

  constructor(
    settle: (outcome: Grant | Promise<never>) => void,
    costs: Costs,
    arrival: number,
    level: Level,
  ) {
    this.settle = settle;
    this.costs = costs;
    this.arrival = arrival;
    this.level = level;
    this.order = ++arrivals;
    this.extras = undefined;
  }
}

/** The waiters of one priority. */
export class Level {
  readonly queue: KeyQueue;
  readonly priority: number;
  /** The sum of the costs that wait here. */
  total: number[];
  size = 0;
  #items: (Waiter | undefined)[] = [];
  #head = 0;

  constructor(queue: KeyQueue, priority: number) {
    this.queue = queue;
    this.priority = priority;
    this.total = queue.plan.rules.map(() => 0);
  }

  push(waiter: Waiter): void {
    this.#items.push(waiter);
    this.#count(waiter.costs, 1);
  }

  peek(): Waiter | undefined {
    while (this.#items[this.#head]?.settled) this.#drop(this.#head + 1);
    return this.#items[this.#head];
  }

  /** Whoever came last. */
  last(): Waiter | undefined {
    const items = this.#items;
    while (items.length > this.#head && items.at(-1)!.settled) items.pop();
    return items.length > this.#head ? items.at(-1) : undefined;
  }

  /** Those who wait in the next so many places, in order; `peek` said which one begins. */
  front(count: number): Waiter[] {
    return this.#items.slice(this.#head, this.#head + count).filter(isWaiting);
  }

  /** The first of those that wait leave: as `front` gives them, at least one. */
  shift(waiters: readonly Waiter[]): void {
    this.#drop(this.#items.indexOf(waiters.at(-1), this.#head) + 1);
    this.#count(sumOf(waiters.map(costsOf)), -waiters.length);
  }

  /** A waiter that left from the middle: its place is skipped later. */
  leave(waiter: Waiter): void {
    this.#count(waiter.costs, -1);
    if (this.#items.length - this.#head > 2 * this.size + 32) {
      this.#items = this.all();
      this.#head = 0;
    }
  }

  /** Puts waiters that were taken out back to the front. */
  restore(waiters: readonly Waiter[]): void {
    this.#items = waiters.concat(this.all());
    this.#head = 0;
    for (const waiter of waiters) {
      waiter.level = this;
      this.#count(waiter.costs, 1);
    }
  }

  /** All costs go by new limits, and are summed anew. */
  replan(remap: (waiter: Waiter) => Costs): void {
    this.total = this.queue.plan.rules.map(() => 0);
    for (const waiter of this.all()) {
      waiter.costs = remap(waiter);
      for (let i = 0; i < this.total.length; i++) this.total[i]! += waiter.costs[i]!;
    }
  }

  /** All that wait, in order. */
  all(): Waiter[] {
    return this.#items.filter(isWaiting);
  }

  /** Nobody before this index waits any more. */
  #drop(end: number): void {
    this.#items.fill(undefined, this.#head, end);
    this.#head = end;
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
  }

  /** So many come with these costs in all, or leave when negative. */
  #count(costs: Costs, waiters: number): void {
    this.size += waiters;
    this.queue.size += waiters;
    const { total } = this;
    const sign = Math.sign(waiters);
    for (let i = 0; i < costs.length; i++) total[i] = (total[i] ?? 0) + sign * costs[i]!;
  }
}

function isWaiting(item: Waiter | undefined): item is Waiter {
  return item !== undefined && !item.settled;
}

export function costsOf(waiter: Waiter): Costs {
  return waiter.costs;
}

/**
 * Where a key's queue waits: for its own limits (`ready`, at `due`), in the line of those that only
 * a limit of the whole limiter holds back, or for a release.
 */
export type Whereabouts = "ready" | "line" | "held";

/** For how many waiters of a queue the store is asked at once, at the most. */
const MOST_AT_ONCE = 64;
/** With so many priorities, those at which nobody waits any more are dropped. */
const MOST_EMPTY = 8;

export class KeyQueue {
  readonly key: string;
  plan: Plan;
  size = 0;
  /** For how many the store is asked next. */
  atOnce = 1;
  where: Whereabouts = "ready";
  /** When to look again, on the store's clock, or the rank in the line. */
  due: number = Number.POSITIVE_INFINITY;
  #levels: Level[] = [];

  constructor(key: string, plan: Plan) {
    this.key = key;
    this.plan = plan;
  }

  level(priority: number): Level {
    for (const level of this.#levels) if (level.priority === priority) return level;
    const level = new Level(this, priority);
    if (this.#levels.length >= MOST_EMPTY)
      this.#levels = this.#levels.filter(({ size }) => size > 0);
    this.#levels.push(level);
    return level;
  }

  /** The waiter with the smallest rank. */
  head(ageing: number): Waiter | undefined {
    if (this.#levels.length === 1) return this.#levels[0]!.peek();
    let head: Waiter | undefined;
    for (const level of this.#levels) {
      const waiter = level.peek();
      if (waiter && (!head || compareRanks(waiter, head, ageing) < 0)) head = waiter;
    }
    return head;
  }

  /**
   * The head, and those behind it for whom the store may be asked with it: where others may come
   * between, or the wait of each counts (`pace` with `catchUp`), it is alone.
   */
  front(head: Waiter): Waiter[] {
    const alone = this.#levels.length > 1 || this.plan.hasShared || this.plan.hasPace;
    if (alone || this.atOnce === 1) return [head];
    return head.level.front(Math.min(this.atOnce, MOST_AT_ONCE));
  }

  /** A lower bound for the costs that stand before a newcomer of this priority. */
  ahead(priority: number): number[] {
    const total = this.plan.rules.map(() => 0);
    for (const level of this.#levels) {
      if (level.priority < priority) continue;
      for (let i = 0; i < total.length; i++) total[i]! += level.total[i] ?? 0;
    }
    return total;
  }

  replan(plan: Plan): void {
    const old = this.plan;
    this.plan = plan;
    for (const level of this.#levels) {
      level.replan((waiter) => remapCosts(old, plan, waiter.costs));
    }
  }

  /** The first and the last of each priority. */
  ends(): Waiter[] {
    return this.#levels.flatMap((level) => [level.peek(), level.last()]).filter(isWaiting);
  }

  /** All waiters by rank. */
  all(ageing: number): Waiter[] {
    if (this.#levels.length === 1) return this.#levels[0]!.all();
    return this.#levels.flatMap((level) => level.all()).sort((a, b) => compareRanks(a, b, ageing));
  }
}

/** Smaller goes first; `ageing` is microseconds a step of priority. */
export function rankOf(waiter: Waiter, ageing: number): number {
  return waiter.arrival - waiter.level.priority * ageing;
}

/** The order in which waiters are served. */
export function compareRanks(a: Waiter, b: Waiter, ageing: number): number {
  return rankOf(a, ageing) - rankOf(b, ageing) || a.order - b.order;
}

/** What a waiter takes by new limits: the same by name; slots by slots, rates by the largest rate. */
export function remapCosts(old: Plan, plan: Plan, costs: Costs): Costs {
  return plan.rules.map(({ costName, limit }) => {
    const slots = limit.kind === "concurrency";
    const alike = old.rules.flatMap((rule, i) =>
      rule.costName === costName && (rule.limit.kind === "concurrency") === slots
        ? [costs[i]!]
        : [],
    );
    if (alike.length > 0) return Math.max(...alike);
    return limit.defaultCost === "required" ? 1 : limit.defaultCost;
  });
}
