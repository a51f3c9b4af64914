/** Refusals and looks in the user's words: names, milliseconds, what is left. */

import { capacityOf } from "./limits/algorithm.ts";
import { type Earliest, isHeld, NEVER } from "./limits/limit.ts";
import { formatLimit } from "./limits/parse.ts";
import type { Plan } from "./limits/plan.ts";
import { Denial } from "./permit.ts";
import { FALLBACK, type RuleView, type View } from "./stores/store.ts";
import { toMillis } from "./time.ts";

/** One limit as `peek` shows it. */
export interface LimitLook {
  /** The limit as a text. */
  readonly limit: string;
  /** How much of it is taken now, in units of cost. */
  readonly used: number;
  /** How much of it is free now, in units of cost. */
  readonly remaining: number;
  /** When all of it is free again, in milliseconds since the epoch; absent while slots are held. */
  readonly resetAt?: number;
}

/** What `peek` answers: what `tryAcquire` would say, and every limit by name. */
export interface Look<Name extends string = string> {
  /** Whether `tryAcquire` would be granted now. */
  readonly granted: boolean;
  /** The limit that would refuse; absent when it would be granted. */
  readonly limit?: string;
  /** Milliseconds until it would fit, rounded up; absent when only a release can help. */
  readonly retryAfter?: number;
  /** Every limit by its name in the record, or by its text. */
  readonly limits: Readonly<Record<Name, LimitLook>>;
}

/** What of an answer names the refusing limit. */
export interface Refused {
  readonly now: number;
  readonly until: Earliest;
  readonly rule: number;
}

export function refusalOf(plan: Plan, { now, until, rule }: Refused): Denial {
  const name = nameOf(plan, rule);
  if (isHeld(until) || until === NEVER) return new Denial(name, undefined);
  const wait = Math.max(0, until - now);
  return new Denial(name, toMillis(wait), wait);
}

/** The same, by the rate that binds where a rule has several. */
export function namedRefusal(plan: Plan, refused: Refused, view: View): Denial {
  const denial = refusalOf(plan, refused);
  if (!hasSeveralNames(plan, refused.rule)) return denial;
  const name = bindingName(plan, refused.rule, view.rates[refused.rule]);
  return new Denial(name, denial.retryAfter, denial.wait);
}

/** Whether it takes a look to tell which of a rule's rates binds. */
export function hasSeveralNames(plan: Plan, rule: number): boolean {
  return rule >= 0 && plan.rules[rule]!.names.length > 1;
}

/** The name of the limit that binds; for several rates in one ring, the one with the least left. */
export function nameOf(plan: Plan, rule: number): string {
  return plan.rules[rule]?.names[0] ?? (rule === FALLBACK ? "fallback" : "pause");
}

/** The name of the rate that binds, where a rule has several. */
export function bindingName(
  plan: Plan,
  rule: number,
  views: readonly RuleView[] | undefined,
): string {
  const bound = plan.rules[rule];
  if (!bound || bound.limit.kind !== "window" || !views) return nameOf(plan, rule);
  const { rates } = bound.limit;
  let binding = 0;
  for (let i = 1; i < rates.length; i++) {
    const left = (at: number): number => rates[at]!.count - views[at]!.used;
    const full = left(i) <= 0 && left(binding) <= 0;
    if (full ? rates[i]!.span > rates[binding]!.span : left(i) < left(binding)) binding = i;
  }
  return bound.names[binding]!;
}

export function viewLimits(
  plan: Plan,
  view: View,
  toEpoch: (instant: number) => number,
): Record<string, LimitLook> {
  const looks = plan.rules.flatMap((rule, i) =>
    rule.names.map((name, j): [string, LimitLook] => {
      const { used, resetAt } = view.rates[i]![j]!;
      const rate = rule.limit.kind === "window" ? rule.limit.rates[j]! : undefined;
      const count = rate?.count ?? capacityOf(rule.limit);
      const look = {
        limit:
          rule.written.kind === "window"
            ? formatLimit({ ...rule.written, rates: [rule.written.rates[j]!] })
            : formatLimit(rule.written),
        used,
        remaining: Math.max(0, count - used),
        ...(Number.isFinite(resetAt) ? { resetAt: toEpoch(resetAt) } : {}),
      };
      return [name, look];
    }),
  );
  return Object.fromEntries(looks);
}
