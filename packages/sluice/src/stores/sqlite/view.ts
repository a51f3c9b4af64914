/** What `peek` and `explain` see of the rows. */

import type { Costs } from "../../costs.ts";
import type { Place } from "../../limits/algorithm.ts";
import { type AnyLimit, isHeld, later, type Moment, NEVER } from "../../limits/limit.ts";
import { forecastOf, ratesOf } from "../../limits/outlook.ts";
import type { Ask, RuleView, View } from "../store.ts";
import type { Step } from "./step.ts";

const NOTHING: Place = { cells: new Float64Array(1), base: 0 };

export function viewOf(step: Step, ask: Ask, ahead: Costs | undefined): View {
  const [cost] = ask.costs as [Costs];
  const until = step.earliest(cost);
  const { ownUntil, rule, moment } = step;
  let forecast = until;
  const rates = ask.plan.rules.map((each, i): RuleView[] => {
    const { row, rules } = each.shared ? step.root : step.key;
    const bound = rules.find(({ index }) => index === i);
    const place: Place = bound?.kept ?? NOTHING;
    const limit: AnyLimit = bound?.limit ?? each.limit;
    const own: Moment = row.momentOf(moment);
    if (ahead && cost[i] !== 0) {
      const total = ahead[i]! + cost[i]!;
      const passes = forecastOf(limit, place, total, own);
      forecast = later(forecast, isHeld(passes) || passes === NEVER ? passes : passes - row.lag);
    }
    return ratesOf(limit, place, own).map(({ used, resetAt }) => {
      return { used, resetAt: Math.max(moment.now, row.onClock(resetAt)) };
    });
  });
  return { now: moment.now, until, ownUntil, rule, rates, forecast };
}
