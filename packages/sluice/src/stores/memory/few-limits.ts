/**
 * A decision about one unit of a few limits of different kinds, now or never, where a look at few
 * numbers of each tells. It does what `Decision` does for any limits, in a row: so every call has one
 * kind, and no number need be allocated to be passed on.
 */

import type { Costs } from "../../costs.ts";
import * as slots from "../../limits/concurrency/concurrency.ts";
import { type Earliest, later } from "../../limits/limit.ts";
import * as pace from "../../limits/pace/pace.ts";
import type { Few } from "../../limits/shortcuts.ts";
import * as ring from "../../limits/window/ring.ts";
import type { Verdict } from "../store.ts";
import type { Rows } from "./rows.ts";

export class FewLimits {
  readonly #rows: Rows;

  constructor(rows: Rows) {
    this.#rows = rows;
  }

  /** Takes one unit of each at `verdict.now`, or refuses; false where `Decision` must say. */
  decide(few: Few, row: number, cost: Costs, ticket: number, verdict: Verdict): boolean {
    const { window, pace: even, slots: held } = few;
    const { cells } = this.#rows.arena;
    const { now } = verdict;
    let ringBase = 0;
    let slotsBase = 0;
    let ringFree: Earliest = now;
    let slotsFree: Earliest = now;
    let paceFree: Earliest = now;
    if (window !== undefined) {
      ringBase = cells[row + window.offset]! | 0;
      ringFree = ring.earliestOfOne(window.limit, cells, ringBase, now);
      if (ringFree !== ringFree || cost[window.index] !== 1) return false;
    }
    if (held !== undefined) {
      slotsBase = cells[row + held.offset]! | 0;
      slotsFree = slots.earliestOfOne(held.limit, cells, slotsBase, now);
      if (slotsFree !== slotsFree || cost[held.index] !== 1) return false;
    }
    if (even !== undefined) {
      const free = pace.freeFrom(even.limit, cells, row + even.offset, 1);
      if (free > now) paceFree = free;
      if (cost[even.index] !== 1) return false;
    }
    if (ringFree !== now || slotsFree !== now || paceFree !== now) {
      verdict.ticket = 0;
      if (few.rules > 1) refuse(few, ringFree, paceFree, slotsFree, verdict);
      else {
        verdict.rule = 0;
        verdict.until = window ? ringFree : even ? paceFree : slotsFree;
      }
      return true;
    }
    verdict.ticket = ticket;
    if (window !== undefined) ring.fill(cells, ringBase, now);
    if (held !== undefined) slots.fill(cells, slotsBase, ticket);
    if (even !== undefined) pace.commitFrom(even.limit, cells, row + even.offset, 1, now, now);
    return true;
  }
}

/** The latest of them binds, looked at in the order of the plan's rules. */
function refuse(
  { window, pace: even, rules }: Few,
  ringFree: Earliest,
  paceFree: Earliest,
  slotsFree: Earliest,
  verdict: Verdict,
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
