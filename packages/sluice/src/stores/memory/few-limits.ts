/**
 * Decisions about one unit of a few limits of different kinds, now or never, where a look at few
 * numbers of each tells. They do what `Decision` does for any limits, in a row: so every call has one
 * kind, and no number need be allocated to be passed on.
 */

import type { Costs } from "../../costs.ts";
import * as slots from "../../limits/concurrency/concurrency.ts";
import { type Earliest, instantOf, later } from "../../limits/limit.ts";
import * as pace from "../../limits/pace/pace.ts";
import type { Plan } from "../../limits/plan.ts";
import type { Few } from "../../limits/shortcuts.ts";
import * as ring from "../../limits/window/ring.ts";
import { BlankVerdict } from "../blank.ts";
import type { Verdict } from "../store.ts";
import type { Present } from "./present.ts";
import type { Rows } from "./rows.ts";

export class FewLimits {
  readonly #rows: Rows;
  readonly #present: Present;
  readonly #verdict = new BlankVerdict();
  /** What was refused last: `#verdict` still says so, and it is so before `#refusedUntil`. */
  #refusedKey = "";
  #refusedPlan: Plan | undefined;
  #refusedCost: Costs | undefined;
  #refusedUntil = 0;

  constructor(rows: Rows, present: Present) {
    this.#rows = rows;
    this.#present = present;
  }

  /**
   * Takes one unit of each for `ticket`, or refuses; `undefined`, and nothing is done, where
   * `Decision` must say.
   */
  attempt(key: string, plan: Plan, cost: Costs, ticket: number): Verdict | undefined {
    const rows = this.#rows;
    const { few } = plan;
    const row = rows.find(key, plan);
    if (row === 0 || few === undefined) return undefined;
    const { window, pace: even, slots: held } = few;
    const { cells } = rows.arena;
    const now = this.#present.now();
    const verdict = this.#verdict;
    if (
      now < this.#refusedUntil &&
      key === this.#refusedKey &&
      plan === this.#refusedPlan &&
      cost === this.#refusedCost
    ) {
      verdict.now = now;
      return verdict;
    }
    if (now < rows.latestGate) return undefined;
    let ringBase = 0;
    let slotsBase = 0;
    let ringFree: Earliest = now;
    let slotsFree: Earliest = now;
    let paceFree: Earliest = now;
    if (window !== undefined) {
      ringBase = cells[row + window.offset]! | 0;
      ringFree = ring.earliestOfOne(window.limit, cells, ringBase, now);
      if (ringFree !== ringFree || cost[window.index] !== 1) return undefined;
    }
    if (held !== undefined) {
      slotsBase = cells[row + held.offset]! | 0;
      slotsFree = slots.earliestOfOne(held.limit, cells, slotsBase, now);
      if (slotsFree !== slotsFree || cost[held.index] !== 1) return undefined;
    }
    if (even !== undefined) {
      const free = pace.freeFrom(even.limit, cells, row + even.offset, 1);
      if (free > now) paceFree = free;
      if (cost[even.index] !== 1) return undefined;
    }
    verdict.now = now;
    if (ringFree !== now || slotsFree !== now || paceFree !== now) {
      verdict.ticket = 0;
      if (few.rules > 1) refuse(few, ringFree, paceFree, slotsFree, verdict);
      else {
        verdict.rule = 0;
        verdict.until = window ? ringFree : even ? paceFree : slotsFree;
      }
      this.#refusedKey = key;
      this.#refusedPlan = plan;
      this.#refusedCost = cost;
      this.#refusedUntil = instantOf(verdict.until);
      return verdict;
    }
    this.#refusedUntil = 0;
    verdict.ticket = ticket;
    if (window !== undefined) ring.fill(cells, ringBase, now);
    if (held !== undefined) slots.fill(cells, slotsBase, ticket);
    if (even !== undefined) pace.commitFrom(even.limit, cells, row + even.offset, 1, now, now);
    return verdict;
  }

  /** Something was done in another way, so that what was refused may pass. */
  lookAnew(): void {
    this.#refusedUntil = 0;
  }
}

/** The latest of them binds, looked at in the order of the plan's rules. */
function refuse(
  { window, pace: even, rules }: Few,
  ringFree: Earliest,
  paceFree: Earliest,
  slotsFree: Earliest,
  verdict: BlankVerdict,
): void {
  let until = verdict.now;
  for (let i = 0; i < rules; i++) {
    const free = window?.index === i ? ringFree : even?.index === i ? paceFree : slotsFree;
    if (free === verdict.now) continue;
    const both = later(until, free);
    if (both !== until) verdict.rule = i;
    until = both;
  }
  verdict.until = until;
}
