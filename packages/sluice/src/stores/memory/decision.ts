/** One decision over the rows of memory: when all of a plan's limits let a cost pass, and its commit. */

import type { Costs } from "../../costs.ts";
import { commitBy, earliestBy } from "../../limits/algorithm.ts";
import { type Earliest, later, type Moment } from "../../limits/limit.ts";
import type { Plan, Rule } from "../../limits/plan.ts";
import type { Rows } from "./rows.ts";

export class Decision {
  readonly #rows: Rows;
  /** What the key's own limits and gate say, and which rule binds (-1 for a gate). */
  ownUntil: Earliest = 0;
  rule = -1;

  constructor(rows: Rows) {
    this.#rows = rows;
  }

  /** The maximum over all limits and gates. */
  earliest(plan: Plan, row: number, shared: number, cost: Costs, moment: Moment): Earliest {
    const rows = this.#rows;
    const { rules } = plan;
    const { now } = moment;
    const gate = rows.gate(row);
    let own: Earliest = gate > now ? gate : now;
    let all: Earliest = rows.commonGate > own ? rows.commonGate : own;
    this.rule = -1;
    for (let i = 0; i < rules.length; i++) {
      const units = cost[i]!;
      if (units === 0) continue;
      const rule = rules[i]!;
      const { cells } = rows.arena;
      const base = baseOf(rule, cells, rule.shared ? shared : row);
      const earliest = earliestBy(rule.kind, rule.limit, cells, base, units, moment);
      if (earliest >= 0 && earliest <= now) continue;
      const both = later(all, earliest);
      if (both !== all) this.rule = i;
      all = both;
      if (!rule.shared) own = later(own, earliest);
    }
    this.ownUntil = own;
    return all;
  }

  commit(
    plan: Plan,
    row: number,
    shared: number,
    cost: Costs,
    at: number,
    moment: Moment,
    ticket: number,
  ): void {
    for (let i = 0; i < plan.rules.length; i++) {
      const units = cost[i]!;
      if (units === 0) continue;
      const rule = plan.rules[i]!;
      this.commitTo(rule, rule.shared ? shared : row, units, at, moment, ticket);
    }
  }

  /** Commits to one rule; its state grows if it must. */
  commitTo(
    rule: Rule,
    home: number,
    units: number,
    at: number,
    moment: Moment,
    ticket: number,
  ): void {
    const rows = this.#rows;
    const base = rule.grows ? rows.roomy(rule, home, units, moment.now) : home + rule.offset;
    commitBy(rule.kind, rule.limit, rows.arena.cells, base, units, at, moment, ticket);
  }
}

function baseOf(rule: Rule, cells: Float64Array, row: number): number {
  return rule.grows ? cells[row + rule.offset]! : row + rule.offset;
}
