/** Plans that most limiters have, in a form that is decided faster than a list of rules. */

import type { AnyLimit, ConcurrencyLimit, PaceLimit, WindowLimit } from "./limit.ts";
import type { Rule } from "./plan.ts";

interface RuleOf<L extends AnyLimit> extends Rule {
  readonly kind: L["kind"];
  readonly limit: L;
}

/** The rules of a plan that has at most one of each of these, and no others, by kind. */
export interface Few {
  readonly window: Indexed<WindowLimit> | undefined;
  readonly pace: Indexed<PaceLimit> | undefined;
  readonly slots: Indexed<ConcurrencyLimit> | undefined;
  /** How many there are. */
  readonly rules: number;
}

/** A rule and its place in the plan. */
export interface Indexed<L extends AnyLimit> extends RuleOf<L> {
  readonly index: number;
}

/** Absent where there are other rules too, or several of a kind. */
export function fewOf(rules: readonly Rule[]): Few | undefined {
  const of = <L extends AnyLimit>(kind: L["kind"]): Indexed<L> | undefined => {
    const index = rules.findIndex((rule) => rule.kind === kind && !rule.shared);
    return index < 0 ? undefined : ({ ...rules[index]!, index } as Indexed<L>);
  };
  const few = {
    window: of<WindowLimit>("window"),
    pace: of<PaceLimit>("pace"),
    slots: of<ConcurrencyLimit>("concurrency"),
  };
  const found = Object.values(few).filter((rule) => rule !== undefined).length;
  return found > 0 && found === rules.length ? { ...few, rules: found } : undefined;
}
