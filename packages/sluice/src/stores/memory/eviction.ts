/**
 * Which key goes when `maxKeys` is reached: an idle one, else the one that would be idle soonest;
 * never one that is refused right now, is waited for, or holds a permit. A heap that is built when
 * it is first needed keeps every key with a bound on when it is idle; bounds are brought up to date
 * only at its top.
 */

import { Heap } from "../../heap.ts";
import { capacityOf, earliestOf } from "../../limits/algorithm.ts";
import * as slots from "../../limits/concurrency/concurrency.ts";
import { isHeld, type Moment } from "../../limits/limit.ts";
import type { Rows } from "./rows.ts";

/** So many keys that could not go are looked at again for every new one, at the most. */
const FEW = 64;
/** When to look again at one that may go sooner than is known: its limits may be raised, in microseconds. */
const LOOK_AGAIN = 10_000_000;

export class Eviction {
  readonly #rows: Rows;
  readonly #isWaited: (key: string) => boolean;
  readonly #heap = new Heap<string>();
  /** Keys that may not go before an instant, so that a flood of new ones does not look at all each time. */
  readonly #kept = new Heap<string>();

  constructor(rows: Rows, isWaited: (key: string) => boolean) {
    this.#rows = rows;
    this.#isWaited = isWaited;
    this.#rebuild();
  }

  /** A new key, or one that may be idle sooner than was known. */
  touch(key: string): void {
    if (this.#heap.size + this.#kept.size > 2 * this.#rows.size + 64) this.#rebuild();
    this.#heap.push(0, key);
  }

  /** Forgets one key; false when none may go. */
  evict(moment: Moment): boolean {
    const { now } = moment;
    for (let looks = 0; looks < FEW && this.#kept.least <= now; looks++) {
      this.#heap.push(0, this.#kept.pop()!);
    }
    while (this.#heap.size > 0) {
      const bound = this.#heap.least;
      const key = this.#heap.pop()!;
      const row = this.#rows.any(key);
      if (row === 0) continue;
      const idle = this.#rows.idleFrom(row, moment);
      if (idle > bound && idle > now && idle !== Number.POSITIVE_INFINITY) {
        // The bound was out of date: back with the true one.
        this.#heap.push(idle, key);
        continue;
      }
      const until = this.#keptUntil(key, row, idle, moment);
      if (until <= now) {
        this.#rows.forget(key);
        return true;
      }
      this.#kept.push(Math.min(until, now + LOOK_AGAIN), key);
    }
    return false;
  }

  #rebuild(): void {
    this.#heap.prune(() => false);
    this.#kept.prune(() => false);
    for (const key of this.#rows.keys()) this.#heap.push(0, key);
  }

  /** Until when it may not go, since it is refused, waited for or held; Infinity where nobody knows. */
  #keptUntil(key: string, row: number, idle: number, moment: Moment): number {
    const { now } = moment;
    if (this.#isWaited(key)) return Number.POSITIVE_INFINITY;
    if (idle <= now) return now;
    const gate = this.#rows.gate(row);
    if (gate > now) return gate;
    for (const rule of this.#rows.planOf(row).rules) {
      if (rule.shared) continue;
      const { limit } = rule;
      const { cells, base } = this.#rows.place(rule, row);
      if (limit.kind === "concurrency" && slots.heldSlots(cells, base) > 0) {
        return Number.POSITIVE_INFINITY;
      }
      const cost = limit.defaultCost === "required" ? 1 : limit.defaultCost;
      const units = Math.min(cost, capacityOf(limit));
      const earliest = units === 0 ? 0 : earliestOf(limit, cells, base, units, moment);
      if (earliest > now) return earliest;
      if (isHeld(earliest)) return Number.POSITIVE_INFINITY;
    }
    return now;
  }
}
