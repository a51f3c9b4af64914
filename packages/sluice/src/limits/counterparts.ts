/** Which rule of new limits continues which of the old ones. */

import type { AnyLimit } from "./limit.ts";
import type { Plan, Rule } from "./plan.ts";

/** Visits, for each rule of `from` by index, the rule of `to` that continues it. */
export function eachCounterpart(
  from: Plan,
  to: Plan,
  visit: (rule: Rule, i: number) => void,
): void {
  if (from === to) {
    from.rules.forEach(visit);
    return;
  }
  const left = Array.from(to.rules);
  from.rules.forEach((rule, i) => {
    const at = counterpart(left, rule);
    if (at >= 0) visit(left.splice(at, 1)[0]!, i);
  });
}

/** The index of the rule with the same cost and scope, and the same numbers or at least kind. */
export function counterpart(rules: readonly Rule[], rule: Rule): number {
  const fits = (each: Rule): boolean =>
    each.costName === rule.costName && each.shared === rule.shared;
  const same = rules.findIndex((each) => fits(each) && sameLimit(each.limit, rule.limit));
  return same >= 0 ? same : rules.findIndex((each) => fits(each) && family(each) === family(rule));
}

function sameLimit(a: AnyLimit, b: AnyLimit): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

function family({ limit }: Rule): string {
  return limit.kind === "parts" ? "window" : limit.kind;
}

/** Whether the limits of the whole limiter are the same in both. */
export function sameShared(a: Plan, b: Plan): boolean {
  return sharedText(a) === sharedText(b);
}

function sharedText({ rules }: Plan): string {
  return JSON.stringify(
    rules.filter((rule) => rule.shared).map(({ costName, limit }) => [costName, limit]),
  );
}
