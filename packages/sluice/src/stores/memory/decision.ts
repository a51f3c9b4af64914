/** One decision over the rows of memory: when all of a plan's limits let a cost pass, and its commit. */

import type { Costs } from "../../costs.ts";
import { commitBy, earliestBy, putBy } from "../../limits/algorithm.ts";
import { type Earliest, later, type Moment } from "../../limits/limit.ts";
import type { Plan, Rule } from "../../limits/plan.ts";
import type { Rows } from "./rows.ts";

export class Decision {
  readonly #rows: Rows;
  /** Nothing passes before it, whatever the key. */
  gate = 0;
  /** What the key's own limits and gate say, and which rule binds (-1 for a gate). */
  ownUntil: Earliest = 0;
  rule = -1;

  constructor(rows: Rows) {
    this.#rows = rows;
  }

  /** Whether a gate may be closed, whatever the key. */
  gated(now: number): boolean {
    return now < this.gate || now < this.#rows.latestGate;
  }

  /** The maximum over all limits and gates. */
  earliest(plan: Plan, row: number, shared: number, cost: Costs, moment: Moment): Earliest {
    const rows = this.#rows;
    const { rules } = plan;
    const { now } = moment;
    const gate = rows.gate(row);
    let own: Earliest = gate > now ? gate : now;
    let all: Earliest = this.gate > own ? this.gate : own;
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
      this.#commitTo(rule, rule.shared ? shared : row, units, at, moment, ticket);
    }
  }

  /** `commit` at now, to a key's own limits. */
  commitNow(plan: Plan, row: number, cost: Costs, moment: Moment, ticket: number): void {
    const { arena } = this.#rows;
    const { rules } = plan;
    for (let i = 0; i < rules.length; i++) {
      const units = cost[i]!;
      if (units === 0) continue;
      const rule = rules[i]!;
      const { now } = moment;
      const base = baseOf(rule, arena.cells, row);
      if (putBy(rule.kind, rule.limit, arena.cells, base, units, now, ticket)) continue;
      this.#commitTo(rule, row, units, now, moment, ticket);
    }
  }

  /** The state grows if it must. */
  #commitTo(
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
