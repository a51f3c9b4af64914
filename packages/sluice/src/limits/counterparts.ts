/** Which rule of new limits continues which of the old ones. */

import type { AnyLimit } from "./limit.ts";
import type { Plan, Rule } from "./plan.ts";

/** A limit and the cost it counts. */
interface Counted {
  readonly costName: string;
  readonly limit: AnyLimit;
}

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
  pairs(from.rules, to.rules).forEach((at, i) => {
    if (at >= 0) visit(to.rules[at]!, i);
  });
}

/**
 * For each of `ours` the index of the one of `theirs` with the same cost and scope that goes with it,
 * or -1. Those with equal numbers find each other first, so that no other takes their place; the
 * rest go by `fits`. The same pairs come out whichever side is asked.
 */
export function pairs(
  ours: readonly Counted[],
  theirs: readonly Counted[],
  fits: (a: AnyLimit, b: AnyLimit) => boolean = related,
): number[] {
  const found = ours.map(() => -1);
  const taken = new Set<number>();
  for (const same of [sameLimit, fits]) {
    ours.forEach(({ costName, limit }, i) => {
      if (found[i]! >= 0) return;
      const at = theirs.findIndex(
        (other, j) =>
          !taken.has(j) &&
          other.costName === costName &&
          other.limit.per === limit.per &&
          same(other.limit, limit),
      );
      if (at >= 0) taken.add((found[i] = at));
    });
  }
  return found;
}

export function sameLimit(a: AnyLimit, b: AnyLimit): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/** Whether both are quotas whose periods have the same borders. */
export function samePeriods(a: AnyLimit, b: AnyLimit): boolean {
  if (a.kind !== "quota" || b.kind !== "quota") return false;
  return a.period === b.period && a.timeZone === b.timeZone && a.anchor === b.anchor;
}

/** Whether one can continue the other. */
export function related(a: AnyLimit, b: AnyLimit): boolean {
  return family(a) === family(b);
}

function family({ kind }: AnyLimit): string {
  return kind === "parts" ? "window" : kind;
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
