/** What was admitted in this turn of the event loop, whose callers run only after their commit. */

import type { Costs } from "../../costs.ts";
import type { Plan } from "../../limits/plan.ts";

interface Admitted {
  readonly plan: Plan;
  readonly from: number;
  readonly units: number[];
}

type Visit = (key: string, plan: Plan, from: number, units: Costs, shared: boolean) => void;

export class Turn {
  open = false;
  readonly #keys = new Map<string, Admitted>();
  #shared: Admitted | undefined;
  /** The entry of the last key: most turns serve one. */
  #lastKey = "";
  #last: Admitted | undefined;

  add(key: string, plan: Plan, cost: Costs, at: number): void {
    this.open = true;
    let entry = key === this.#lastKey ? this.#last : this.#keys.get(key);
    if (!entry || entry.plan !== plan) {
      entry = { plan, from: entry ? Math.min(entry.from, at) : at, units: plan.rules.map(() => 0) };
      this.#keys.set(key, entry);
    }
    this.#lastKey = key;
    this.#last = entry;
    sum(entry.units, cost);
    if (!plan.hasShared) return;
    this.#shared ??= { plan, from: at, units: plan.rules.map(() => 0) };
    sum(this.#shared.units, cost);
  }

  close(visit: Visit): void {
    for (const [key, { plan, from, units }] of this.#keys) visit(key, plan, from, units, false);
    if (this.#shared) visit("", this.#shared.plan, this.#shared.from, this.#shared.units, true);
    this.#keys.clear();
    this.#shared = undefined;
    this.#last = undefined;
    this.#lastKey = "";
    this.open = false;
  }
}

function sum(total: number[], cost: Costs): void {
  for (let i = 0; i < cost.length; i++) total[i]! += cost[i]!;
}
