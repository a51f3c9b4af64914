/** What becomes of the states of a row when its limits change. */

import { pairs } from "../../limits/counterparts.ts";
import { migrateState } from "../../limits/history.ts";
import type { Moment } from "../../limits/limit.ts";
import type { Plan } from "../../limits/plan.ts";
import type { Rows } from "./rows.ts";

/** Fills a new row from an old one, with the old admissions counted as far as they are known. */
export function carryStates(
  rows: Rows,
  from: number,
  to: number,
  shared: boolean,
  moment: Moment,
): void {
  const inScope = ({ rules }: Plan): Plan["rules"] =>
    rules.filter((rule) => rule.shared === shared);
  const old = inScope(rows.planOf(from));
  const rules = inScope(rows.planOf(to));
  const twins = pairs(rules, old);
  rules.forEach((rule, i) => {
    const twin = old[twins[i]!];
    const kept =
      twin !== undefined &&
      migrateState(twin.limit, rows.place(twin, from), rule.limit, rows.site(rule, to), moment);
    if (!kept) rows.use(rule, to, moment);
  });
}
