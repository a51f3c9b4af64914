/**
 * Which key goes when `maxKeys` is reached: an idle one, else the one that would be idle soonest;
 * never one that is refused right now, is waited for, or holds a permit. A heap that is built when
 * it is first needed keeps every key with a bound on when it is idle; bounds are brought up to date
 * only at its top.
 */

import { Heap } from "../../heap.ts";
import { earliestOf } from "../../limits/algorithm.ts";
import * as slots from "../../limits/concurrency/concurrency.ts";
import type { Moment } from "../../limits/limit.ts";
import { capacityOf } from "../../limits/algorithm.ts";
import type { Rows } from "./rows.ts";

export class Eviction {
  readonly #rows: Rows;
  readonly #isWaited: (key: string) => boolean;
  readonly #heap = new Heap<string>();
  /** While nothing could be evicted, it is not looked for again before this instant. */
  #hopelessUntil = 0;

  constructor(rows: Rows, isWaited: (key: string) => boolean) {
    this.#rows = rows;
    this.#isWaited = isWaited;
    for (const key of rows.keys()) this.#heap.push(0, key);
  }

  add(key: string): void {
    this.#heap.push(0, key);
  }

  /** Forgets one key; false when none may go. */
  evict(moment: Moment): boolean {
    if (moment.now < this.#hopelessUntil) return false;
    const kept: [number, string][] = [];
    let evicted = false;
    while (this.#heap.size > 0) {
      const bound = this.#heap.least;
      const key = this.#heap.pop()!;
      const row = this.#rows.any(key);
      if (row === 0) continue;
      const idle = this.#rows.idleFrom(row, moment);
      if (idle > bound && idle > moment.now) {
        // The bound was out of date: back with the true one, unless it is the same again.
        this.#heap.push(idle, key);
        if (idle !== Number.POSITIVE_INFINITY) continue;
        break;
      }
      if (idle > moment.now && this.#isKept(key, row, moment)) {
        kept.push([idle, key]);
        continue;
      }
      if (this.#isWaited(key)) {
        kept.push([idle, key]);
        continue;
      }
      this.#rows.forget(key);
      evicted = true;
      break;
    }
    for (const [idle, key] of kept) this.#heap.push(idle, key);
    // A millisecond at the least: a flood of new keys must not look at all of them each time.
    if (!evicted) this.#hopelessUntil = moment.now + 1_000;
    return evicted;
  }

  #isKept(key: string, row: number, moment: Moment): boolean {
    if (this.#isWaited(key) || this.#rows.gate(row) > moment.now) return true;
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
