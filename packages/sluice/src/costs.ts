/** What an admission takes, from the caller's option to one number for each rule of a plan. */

import { CostImpossibleError, InvalidCostError, UnknownLimitError } from "./errors.ts";
import { capacityOf } from "./limits/algorithm.ts";
import { formatLimit } from "./limits/parse.ts";
import type { Plan, Rule } from "./limits/plan.ts";
import { show } from "./time.ts";

/** A number for every rate limit, or numbers by limit name. */
export type AnyCost = number | { readonly [name: string]: number | undefined };

/** One number for each rule of a plan, in its order. */
export type Costs = readonly number[];

/**
 * The costs of an ask. A plain number applies to every rate limit, and `concurrency` takes 1.
 *
 * @throws `INVALID_COST`, `UNKNOWN_LIMIT`, and `COST_IMPOSSIBLE` for what a limit can never hold.
 */
export function resolveCosts(plan: Plan, cost: AnyCost | undefined): Costs {
  if (cost === undefined && plan.defaultCosts) return plan.defaultCosts;
  return costsByRule(plan, cost);
}

function costsByRule(plan: Plan, cost: AnyCost | undefined): Costs {
  if (cost !== undefined) checkShape(plan, cost);
  return plan.rules.map((rule) => {
    const units = unitsOf(rule, cost);
    checkUnits(rule, units);
    const capacity = capacityOf(rule.limit);
    if (units > capacity) throw impossible(rule, units, capacity);
    return units;
  });
}

export function sameCosts(a: Costs, b: Costs): boolean {
  return a.length === b.length && a.every((units, i) => units === b[i]);
}

/** Nothing of each rule: a new list, to be written to or not. */
export function noCosts({ rules }: Plan): number[] {
  return rules.map(() => 0);
}

/** What several asks take together. */
export function sumOf(costs: readonly Costs[]): Costs {
  const first = costs[0]!;
  // Most asks name no cost, and so have one list in common.
  if (costs.every((each) => each === first)) return first.map((units) => units * costs.length);
  return first.map((_, i) => costs.reduce((units, each) => units + each[i]!, 0));
}

/** Whether these costs take anything of what is under all keys. */
export function takesShared({ hasShared, rules }: Plan, costs: Costs): boolean {
  return hasShared && rules.some((rule, i) => rule.shared && costs[i]! > 0);
}

/** Whether these costs take slots, which somebody holds then. */
export function takesSlots({ hasConcurrency, rules }: Plan, costs: Costs): boolean {
  return hasConcurrency && rules.some(({ kind }, i) => kind === "concurrency" && costs[i]! > 0);
}

/** The costs of a look, for which a required cost may be left out: it counts as 1 then. */
export function costsOfLook(plan: Plan, cost: AnyCost | undefined): Costs {
  if (cost !== undefined || plan.defaultCosts) return resolveCosts(plan, cost);
  return plan.rules.map(({ limit }) => (limit.defaultCost === "required" ? 1 : limit.defaultCost));
}

/** What was really used, for `settle`: names left out keep what was taken; no upper bound but reason. */
export function resolveActual(plan: Plan, cost: AnyCost, taken: Costs): Costs {
  checkShape(plan, cost);
  return plan.rules.map((rule, i) => {
    const named = typeof cost === "object" ? ownCost(cost, rule.costName) : cost;
    const fixed = rule.limit.kind === "concurrency" && typeof cost !== "object";
    const units = fixed || named === undefined ? taken[i]! : named;
    checkUnits(rule, units);
    if (rule.limit.kind === "concurrency" && units > taken[i]!) {
      throw new InvalidCostError(
        `settle() cannot take more slots of ${show(rule.names[0])}: ${taken[i]} were acquired, got ${show(units)}; acquire again.`,
      );
    }
    if (units > 1000 * capacityOf(rule.limit)) {
      throw new InvalidCostError(
        `settle() takes at most 1000 times what ${show(rule.names[0])} holds; got ${show(units)}.`,
      );
    }
    return units;
  });
}

function unitsOf(rule: Rule, cost: AnyCost | undefined): number {
  const { limit, costName, names } = rule;
  const named = ownCost(cost, costName);
  if (named !== undefined) return named;
  if (typeof cost === "number") return limit.kind === "concurrency" ? 1 : cost;
  if (limit.defaultCost !== "required") return limit.defaultCost;
  throw new InvalidCostError(
    `the limit ${show(names[0])} requires a cost; pass cost: { ${names[0]}: … }.`,
  );
}

/** What a record says of a limit, whose name may be that of any member of objects. */
function ownCost(cost: AnyCost | undefined, name: string): number | undefined {
  return typeof cost === "object" && Object.hasOwn(cost, name) ? cost[name] : undefined;
}

function checkShape(plan: Plan, cost: AnyCost): void {
  if (typeof cost === "object" && cost !== null && !Array.isArray(cost)) {
    return checkNames(plan, cost);
  }
  if (typeof cost === "number" && cost >= 0 && cost < 2 ** 50) return;
  throw new InvalidCostError(
    `a cost must be a number from 0 to 2^50, or a record of such numbers; got ${show(cost)}.`,
  );
}

function checkNames(plan: Plan, cost: { readonly [name: string]: number | undefined }): void {
  for (const name of Object.keys(cost)) {
    if (plan.named && plan.rules.some((rule) => rule.costName === name)) continue;
    const known = plan.named ? plan.rules.map((rule) => rule.costName).join(", ") : "none by name";
    throw new UnknownLimitError(
      `there is no limit named ${show(name)}; this limiter has: ${known}.`,
    );
  }
}

function checkUnits({ limit, names }: Rule, units: number): void {
  if (!(typeof units === "number" && units >= 0 && units < 2 ** 50)) {
    throw new InvalidCostError(
      `a cost must be a number from 0 to 2^50; got ${show(units)} for ${show(names[0])}.`,
    );
  }
  const whole = limit.kind === "window" || limit.kind === "quota" || limit.kind === "concurrency";
  if (whole && !Number.isInteger(units)) {
    throw new InvalidCostError(
      `the cost of ${show(names[0])} must be whole; got ${show(units)}. Fractions go with pace and with windows in parts.`,
    );
  }
}

function impossible({ limit, names }: Rule, units: number, capacity: number): CostImpossibleError {
  const name =
    limit.kind === "window"
      ? names[limit.rates.findIndex((rate) => rate.count === capacity)]!
      : names[0]!;
  const remedy = limit.kind === "pace" ? "Raise its burst, or split the cost." : "Split the cost.";
  return new CostImpossibleError(
    name,
    `a cost of ${units} can never pass ${show(name)} (${formatLimit(limit)}), which holds ${capacity} at the most. ${remedy}`,
  );
}

/** Of a waiter whose cost fitted the limits before they were changed. */
export function impossibleNow(name: string): CostImpossibleError {
  return new CostImpossibleError(
    name,
    `the new limits can never hold what was waited for: ${show(name)} is too small for it.`,
  );
}
