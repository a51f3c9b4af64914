/** Plans that most limiters have, in a form that is decided faster than a list of rules. */

import { type Take, takeOf } from "./algorithm.ts";
import type { AnyLimit, ConcurrencyLimit, PaceLimit, WindowLimit } from "./limit.ts";
import type { Rule } from "./plan.ts";

/** A rule that is all there is, and the function that decides it. */
export interface OnlyRule extends Pick<Rule, "limit" | "offset" | "grows"> {
  readonly take: Take;
}

/** The rules of a plan that has at most one of each of these, and no others, by kind. */
export interface Few {
  readonly window: Indexed<WindowLimit> | undefined;
  readonly pace: Indexed<PaceLimit> | undefined;
  readonly slots: Indexed<ConcurrencyLimit> | undefined;
}

/** A rule and its place in the plan. */
export interface Indexed<L extends AnyLimit> extends Rule {
  readonly limit: L;
  readonly index: number;
}

/** Absent where there are more rules, or none that `Take` knows. */
export function onlyOf([rule, ...more]: readonly Rule[]): OnlyRule | undefined {
  const take = rule && takeOf(rule.kind);
  if (!take || rule.shared || more.length > 0) return undefined;
  return { limit: rule.limit, offset: rule.offset, grows: rule.grows, take };
}

/** Absent where there are other rules too, or several of a kind. */
export function fewOf(rules: readonly Rule[]): Few | undefined {
  const of = <L extends AnyLimit>(kind: L["kind"]): Indexed<L> | undefined => {
    const index = rules.findIndex((rule) => rule.kind === kind && !rule.shared);
    return index < 0 ? undefined : ({ ...rules[index]!, index } as Indexed<L>);
  };
  const few: Few = {
    window: of<WindowLimit>("window"),
    pace: of<PaceLimit>("pace"),
    slots: of<ConcurrencyLimit>("concurrency"),
  };
  const found = Object.values(few).filter((rule) => rule !== undefined).length;
  return rules.length > 1 && found === rules.length ? few : undefined;
}
