/**
 * Which key goes when `maxKeys` is reached: an idle one, else the one that would be idle soonest;
 * never one that is refused right now, is waited for, or holds a permit. A heap that is built when
 * it is first needed keeps every key with a bound on when it is idle; bounds are brought up to date
 * only at its top.
 */

import { Heap } from "../../heap.ts";
import { capacityOf, earliestOf } from "../../limits/algorithm.ts";
import * as slots from "../../limits/concurrency/concurrency.ts";
import type { Moment } from "../../limits/limit.ts";
import type { Rows } from "./rows.ts";

/** So many keys are looked at for every new one; more only once a millisecond. */
const FEW = 1_024;

export class Eviction {
  readonly #rows: Rows;
  readonly #isWaited: (key: string) => boolean;
  readonly #heap = new Heap<string>();
  /** While nothing could be evicted, it is not looked for again before this instant. */
  #hopelessUntil = 0;

  constructor(rows: Rows, isWaited: (key: string) => boolean) {
    this.#rows = rows;
    this.#isWaited = isWaited;
    this.#rebuild();
  }

  /** A new key, or one that may be idle sooner than was known. */
  touch(key: string): void {
    this.#hopelessUntil = 0;
    if (this.#heap.size > 2 * this.#rows.size + 64) this.#rebuild();
    this.#heap.push(0, key);
  }

  /** Forgets one key; false when none may go. */
  evict(moment: Moment): boolean {
    if (moment.now < this.#hopelessUntil) return false;
    const kept: [number, string][] = [];
    let evicted = false;
    while (!evicted && this.#heap.size > 0) {
      const bound = this.#heap.least;
      const key = this.#heap.pop()!;
      const row = this.#rows.any(key);
      if (row === 0) continue;
      const idle = this.#rows.idleFrom(row, moment);
      if (idle > bound && idle > moment.now && idle !== Number.POSITIVE_INFINITY) {
        // The bound was out of date: back with the true one.
        this.#heap.push(idle, key);
      } else if (this.#isKept(key, row, idle, moment)) {
        kept.push([idle, key]);
      } else {
        this.#rows.forget(key);
        evicted = true;
      }
    }
    for (const [idle, key] of kept) this.#heap.push(idle, key);
    // A flood of new keys must not look at very many others each time.
    if (!evicted && kept.length > FEW) this.#hopelessUntil = moment.now + 1_000;
    return evicted;
  }

  #rebuild(): void {
    this.#heap.prune(() => false);
    for (const key of this.#rows.keys()) this.#heap.push(0, key);
  }

  #isKept(key: string, row: number, idle: number, moment: Moment): boolean {
    if (this.#isWaited(key)) return true;
    if (idle <= moment.now) return false;
    if (this.#rows.gate(row) > moment.now) return true;
    for (const rule of this.#rows.planOf(row).rules) {
      if (rule.shared) continue;
      const { limit } = rule;
      const { cells, base } = this.#rows.place(rule, row);
      if (limit.kind === "concurrency" && slots.heldSlots(cells, base) > 0) return true;
      const cost = limit.defaultCost === "required" ? 1 : limit.defaultCost;
      const units = Math.min(cost, capacityOf(limit));
      const earliest = units === 0 ? 0 : earliestOf(limit, cells, base, units, moment);
      if (!(earliest >= 0 && earliest <= moment.now)) return true;
    }
    return false;
  }
}
