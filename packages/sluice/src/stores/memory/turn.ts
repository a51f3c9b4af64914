/** What was admitted in this turn of the event loop, whose callers run only after their commit. */

import type { Costs } from "../../costs.ts";
import type { Plan } from "../../limits/plan.ts";

interface Admitted {
  readonly key: string;
  readonly plan: Plan;
  from: number;
  readonly units: number[];
}

type Visit = (key: string, plan: Plan, from: number, units: Costs, shared: boolean) => void;

export class Turn {
  open = false;
  /** Up to where everything was raised last; the first instant before that. */
  raised = 0;
  readonly #keys = new Map<string, Admitted>();
  /** Entries of plans that were replaced within the turn. */
  readonly #replaced: Admitted[] = [];
  readonly #shared = new Map<Plan, Admitted>();
  /** The entry of the last key: most turns serve one. */
  #last: Admitted | undefined;

  add(key: string, plan: Plan, cost: Costs, at: number): void {
    if (!this.open) {
      this.open = true;
      this.raised = at;
    }
    let entry = this.#last;
    if (entry?.key !== key || entry.plan !== plan) {
      entry = this.#keys.get(key);
      if (entry?.plan !== plan) {
        if (entry) this.#replaced.push(entry);
        entry = { key, plan, from: at, units: plan.rules.map(() => 0) };
        this.#keys.set(key, entry);
      }
      this.#last = entry;
    }
    sum(entry, cost, at);
    if (!plan.hasShared) return;
    let shared = this.#shared.get(plan);
    if (!shared) {
      shared = { key: "", plan, from: at, units: plan.rules.map(() => 0) };
      this.#shared.set(plan, shared);
    }
    sum(shared, cost, at);
  }

  /** Visits what was admitted so far. */
  raise(now: number, visit: Visit): void {
    this.raised = now;
    for (const { key, plan, from, units } of this.#replaced) visit(key, plan, from, units, false);
    for (const { key, plan, from, units } of this.#keys.values())
      visit(key, plan, from, units, false);
    for (const { plan, from, units } of this.#shared.values()) visit("", plan, from, units, true);
  }

  /** What was given back in the same turn is not raised. */
  takeBack(key: string, plan: Plan, rule: number, units: number, at: number): void {
    if (!this.open) return;
    const entry = plan.rules[rule]!.shared ? this.#shared.get(plan) : this.#keys.get(key);
    if (!entry || entry.plan !== plan || at < entry.from) return;
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

function sum(entry: Admitted, cost: Costs, at: number): void {
  if (at < entry.from) entry.from = at;
  for (let i = 0; i < cost.length; i++) entry.units[i]! += cost[i]!;
}
