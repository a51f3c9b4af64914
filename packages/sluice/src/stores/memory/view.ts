/** What `peek` and `explain` see of a row. */

import type { Costs } from "../../costs.ts";
import type { Place } from "../../limits/algorithm.ts";
import { later, type Moment } from "../../limits/limit.ts";
import { forecastOf, ratesOf } from "../../limits/outlook.ts";
import { catchUpMicros } from "../../limits/pace/pace.ts";
import type { Plan, Rule } from "../../limits/plan.ts";
import type { View } from "../store.ts";
import type { Rows } from "./rows.ts";

export function viewOf(
  rows: Rows,
  plan: Plan,
  row: number,
  shared: number,
  cost: Costs,
  ahead: Costs | undefined,
  moment: Moment,
  decided: Omit<View, "rates" | "forecast">,
): View {
  const home = (rule: Rule): Place => rows.place(rule, rule.shared ? shared : row);
  const rates = plan.rules.map((rule) => ratesOf(rule.limit, home(rule), moment));
  let forecast = decided.until;
  if (ahead) {
    plan.rules.forEach((rule, i) => {
      if (cost[i] === 0) return;
      const { limit } = rule;
      const passes = forecastOf(limit, home(rule), ahead[i]! + cost[i]!, moment);
      // Those ahead may be late, and then count from where they were due.
      const late = limit.kind === "pace" && ahead[i]! > 0 ? catchUpMicros(limit) : 0;
      forecast = later(forecast, passes - late);
    });
  }
  return { ...decided, rates, forecast };
}
