/** What was admitted in this turn of the event loop, whose callers run only after their commit. */

import type { Costs } from "../../costs.ts";
import type { Plan } from "../../limits/plan.ts";

/** The admissions of a key, or of all, under one plan. */
export interface Admitted {
  readonly key: string;
  readonly plan: Plan;
  readonly shared: boolean;
  /** The first instant, and the first ticket. */
  from: number;
  readonly ticket: number;
  /** The sum of the costs. */
  readonly units: number[];
  /** Up to when they were raised. */
  raised: number;
}

export class Turn {
  open = false;
  readonly #keys = new Map<string, Admitted>();
  /** Entries of plans that were replaced within the turn. */
  readonly #replaced: Admitted[] = [];
  readonly #shared = new Map<Plan, Admitted>();
  /** The entry of the last key: most turns serve one. */
  #last: Admitted | undefined;

  add(key: string, plan: Plan, cost: Costs, at: number, ticket: number): void {
    this.open = true;
    let entry = this.#last;
    if (entry?.key !== key || entry.plan !== plan) {
      entry = this.#keys.get(key);
      if (entry?.plan !== plan) {
        if (entry) this.#replaced.push(entry);
        entry = begin(key, plan, false, at, ticket);
        this.#keys.set(key, entry);
      }
      this.#last = entry;
    }
    sum(entry, cost, at);
    if (!plan.hasShared) return;
    let shared = this.#shared.get(plan);
    if (!shared) this.#shared.set(plan, (shared = begin("", plan, true, at, ticket)));
    sum(shared, cost, at);
  }

  /** What concerns a newcomer with this key. */
  of(key: string, plan: Plan): Admitted[] {
    const own = this.#last?.key === key ? this.#last : this.#keys.get(key);
    const entries = own ? [own] : [];
    return plan.hasShared ? entries.concat(...this.#shared.values()) : entries;
  }

  *all(): Generator<Admitted> {
    yield* this.#replaced;
    yield* this.#keys.values();
    yield* this.#shared.values();
  }

  /** What was given back in the same turn is not raised. */
  takeBack(key: string, plan: Plan, rule: number, units: number, ticket: number): void {
    if (!this.open) return;
    const entry = plan.rules[rule]!.shared ? this.#shared.get(plan) : this.#keys.get(key);
    if (!entry || entry.plan !== plan || ticket < entry.ticket) return;
    entry.units[rule] = Math.max(0, entry.units[rule]! - units);
  }

  /** Nothing that was admitted with a key, or at all, counts any more. */
  drop(key: string | undefined): void {
    if (key === undefined) return this.close();
    this.#keys.delete(key);
    this.#last = undefined;
  }

  close(): void {
    this.#keys.clear();
    this.#shared.clear();
    this.#replaced.length = 0;
    this.#last = undefined;
    this.open = false;
  }
}

function begin(key: string, plan: Plan, shared: boolean, at: number, ticket: number): Admitted {
  return { key, plan, shared, from: at, ticket, units: plan.rules.map(() => 0), raised: at };
}

function sum(entry: Admitted, cost: Costs, at: number): void {
  if (at < entry.from) entry.from = at;
  for (let i = 0; i < cost.length; i++) entry.units[i]! += cost[i]!;
}
