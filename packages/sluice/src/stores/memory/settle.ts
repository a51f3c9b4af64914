/** The estimate of an admission replaced by what was used: the surplus back, or the rest charged. */

import { capacityOf, commitTo, earliestOf, refundTo } from "../../limits/algorithm.ts";
import { eachCounterpart, samePeriods } from "../../limits/counterparts.ts";
import { isHeld, type Moment, NEVER } from "../../limits/limit.ts";
import type { Plan, Rule } from "../../limits/plan.ts";
import type { Change } from "../store.ts";
import type { Resets } from "./resets.ts";
import type { Rows } from "./rows.ts";
import type { Turn } from "./turn.ts";

/** Works on the row as it is, whose limits may have changed since the admission. */
export function settle(
  rows: Rows,
  turn: Turn,
  resets: Resets,
  change: Extract<Change, { kind: "settle" | "cancel" }>,
  moment: Moment,
  create: () => number,
): void {
  const { key, plan, taken, actual, at, ticket } = change;
  for (const shared of [false, true]) {
    if (ticket <= resets.upTo(key, shared)) continue;
    let row = shared ? rows.sharedRow : rows.any(key);
    const charged = plan.rules.some((rule, i) => rule.shared === shared && actual[i]! > taken[i]!);
    if (row === 0 && !shared && charged) row = create();
    if (row === 0) continue;
    eachCounterpart(plan, rows.planOf(row), (rule, i) => {
      if (rule.shared !== shared) return;
      const units = taken[i]! - actual[i]!;
      if (units > 0 && !isLapsed(rows, row, rule, plan, i)) {
        refundTo(rule.limit, rows.place(rule, row), { units, cost: taken[i]!, at, ticket }, moment);
        (shared ? turn.shared : turn.of(key))?.takeBack(plan, i, units, ticket);
      } else if (units < 0) charge(rows, rule, row, -units, moment);
    });
  }
}

/** Whether what was carried over no longer tells which admission it is from. */
function isLapsed(rows: Rows, row: number, rule: Rule, plan: Plan, i: number): boolean {
  if (rows.planOf(row) === plan) return false;
  if (rule.kind !== "quota") return rule.kind === "pace";
  // Periods that are the same again may have left it behind in between.
  const since = rows.periodsSince.get(rule) ?? 0;
  return plan.since < since || !samePeriods(plan.rules[i]!.limit, rule.limit);
}

/** Takes the rest at its own earliest instant, in pieces that the limit can hold. */
function charge(rows: Rows, rule: Rule, row: number, units: number, moment: Moment): void {
  const { limit } = rule;
  if (limit.kind === "concurrency") return;
  const piece = limit.kind === "pace" ? units : capacityOf(limit);
  for (let left = units; left > 0; left -= piece) {
    const cost = Math.min(left, piece);
    const { cells, base } = rows.place(rule, row);
    const earliest = earliestOf(limit, cells, base, cost, moment);
    const at = earliest === NEVER || isHeld(earliest) ? moment.now : earliest;
    const roomy = rows.roomy(rule, row, cost, moment.now);
    commitTo(limit, rows.arena.cells, roomy, cost, at, moment, 0);
  }
}
