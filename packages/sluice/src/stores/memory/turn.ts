/** What was admitted in this turn of the event loop, whose callers run only after their commit. */

import { type Costs, noCosts } from "../../costs.ts";
import { raiseTo } from "../../limits/algorithm.ts";
import { eachCounterpart } from "../../limits/counterparts.ts";
import type { Moment } from "../../limits/limit.ts";
import type { Plan, Rule } from "../../limits/plan.ts";
import type { Rows } from "./rows.ts";

/** The admissions into one row under one plan. */
interface Admitted {
  readonly plan: Plan;
  /** The first instant, and the first ticket. */
  from: number;
  readonly ticket: number;
  /** The sum of the costs. */
  readonly units: number[];
}

/** The admissions into one row: under several plans when limits change within the turn. */
export class RowTurn {
  /** `undefined` for the row of the whole limiter. */
  readonly key: string | undefined;
  /** Up to when they were raised. */
  raised: number;
  readonly #admitted: Admitted[] = [];

  constructor(key: string | undefined, at: number) {
    this.key = key;
    this.raised = at;
  }

  add(plan: Plan, cost: Costs, at: number, ticket: number): void {
    let entry = this.#admitted.at(-1);
    if (entry?.plan !== plan) {
      entry = this.#admitted.find((each) => each.plan === plan);
      if (!entry) {
        entry = { plan, from: at, ticket, units: noCosts(plan) };
        this.#admitted.push(entry);
      }
    }
    if (at < entry.from) entry.from = at;
    for (let i = 0; i < cost.length; i++) entry.units[i]! += cost[i]!;
  }

  /** What was given back in the same turn is not raised. */
  takeBack(plan: Plan, rule: number, units: number, ticket: number): void {
    const entry = this.#admitted.find((each) => each.plan === plan);
    if (!entry || ticket < entry.ticket) return;
    entry.units[rule] = Math.max(0, entry.units[rule]! - units);
  }

  /** What was admitted counts from now: everything, or what does not know instants of its own. */
  raise(rows: Rows, moment: Moment, all: boolean): void {
    const row = this.key === undefined ? rows.sharedRow : rows.any(this.key);
    if (row === 0) return;
    if (all) this.raised = moment.now;
    this.#sums(rows.planOf(row), (rule, from, units) => {
      if (!all && rule.kind !== "pace" && rule.kind !== "quota") return;
      raiseTo(rule.limit, rows.place(rule, row), { from, units }, moment);
    });
  }

  /** Visits the rules of the row's present plan with all that was admitted under each. */
  #sums(present: Plan, visit: (rule: Rule, from: number, units: number) => void): void {
    const shared = this.key === undefined;
    const from = new Map<Rule, number>();
    const units = new Map<Rule, number>();
    for (const entry of this.#admitted) {
      eachCounterpart(entry.plan, present, (rule, i) => {
        const taken = entry.units[i]!;
        if (rule.shared !== shared || taken === 0) return;
        units.set(rule, (units.get(rule) ?? 0) + taken);
        from.set(rule, Math.min(from.get(rule) ?? entry.from, entry.from));
      });
    }
    for (const [rule, sum] of units) visit(rule, from.get(rule)!, sum);
  }
}

export class Turn {
  open = false;
  readonly #keys = new Map<string, RowTurn>();
  #shared: RowTurn | undefined;
  /** The last key: most turns serve one. */
  #last: RowTurn | undefined;

  add(key: string, plan: Plan, cost: Costs, at: number, ticket: number): void {
    this.open = true;
    let own = this.of(key);
    if (!own) this.#keys.set(key, (own = new RowTurn(key, at)));
    this.#last = own;
    own.add(plan, cost, at, ticket);
    if (plan.hasShared) (this.#shared ??= new RowTurn(undefined, at)).add(plan, cost, at, ticket);
  }

  /** The admissions with a key. */
  of(key: string): RowTurn | undefined {
    return this.#last?.key === key ? this.#last : this.#keys.get(key);
  }

  /** The admissions that concern the whole limiter. */
  get shared(): RowTurn | undefined {
    return this.#shared;
  }

  *all(): Generator<RowTurn> {
    yield* this.#keys.values();
    if (this.#shared) yield this.#shared;
  }

  /** Nothing that was admitted with a key, or at all, counts any more. */
  drop(key: string | undefined): void {
    if (key === undefined) return this.close();
    this.#keys.delete(key);
    this.#last = undefined;
  }

  close(): void {
    this.#keys.clear();
    this.#shared = undefined;
    this.#last = undefined;
    this.open = false;
  }
}
