/** The plans that rows are made by, each with a small number that stands in its rows. */

import type { Plan } from "../../limits/plan.ts";

/**
 * A number is free again once the plan has no row; but the last such plan keeps its number, since an
 * only key comes and goes, and what was just looked at is looked at again.
 */
export class PlanIndexes {
  readonly #plans: (Plan | undefined)[] = [];
  /** How many rows each has. */
  readonly #rows: number[] = [];
  readonly #byPlan = new Map<Plan, number>();
  readonly #free: number[] = [];
  /** Gives back what was made for a plan that leaves. */
  readonly #onLeave: (index: number) => void;
  /** The plan without rows; -1 for none. */
  #rowless = -1;
  #last: Plan | undefined;
  #lastIndex = -1;

  constructor(onLeave: (index: number) => void) {
    this.#onLeave = onLeave;
  }

  plan(index: number): Plan {
    return this.#plans[index]!;
  }

  /** -1 for a plan that has none. */
  of(plan: Plan): number {
    return plan === this.#last ? this.#lastIndex : this.#find(plan);
  }

  #find(plan: Plan): number {
    const index = this.#byPlan.get(plan) ?? -1;
    this.#last = plan;
    this.#lastIndex = index;
    return index;
  }

  /** The index of a plan that is only looked at. */
  look(plan: Plan): number {
    const known = this.of(plan);
    return known >= 0 ? known : this.#add(plan);
  }

  /** The index of a plan that gets a row. */
  take(plan: Plan): number {
    const index = this.look(plan);
    this.#rows[index]!++;
    if (index === this.#rowless) this.#rowless = -1;
    return index;
  }

  /** A row of the plan is gone. */
  give(index: number): void {
    if (--this.#rows[index]! === 0) this.#rest(index);
  }

  #add(plan: Plan): number {
    const index = this.#free.pop() ?? this.#plans.length;
    this.#plans[index] = plan;
    this.#rows[index] = 0;
    this.#byPlan.set(plan, index);
    this.#last = plan;
    this.#lastIndex = index;
    this.#rest(index);
    return index;
  }

  #rest(index: number): void {
    const leaves = this.#rowless;
    this.#rowless = index;
    if (leaves < 0) return;
    this.#onLeave(leaves);
    this.#byPlan.delete(this.#plans[leaves]!);
    this.#plans[leaves] = undefined;
    this.#free.push(leaves);
    this.#last = undefined;
  }
}
