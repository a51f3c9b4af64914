/** What becomes of the states of a row when its limits change. */

import { idleFrom } from "../../limits/algorithm.ts";
import { pairs, samePeriods } from "../../limits/counterparts.ts";
import { migrateState } from "../../limits/history.ts";
import type { Moment } from "../../limits/limit.ts";
import type { Plan, Rule } from "../../limits/plan.ts";
import type { Rows } from "./rows.ts";

/** Fills a new row from an old one, with the old admissions counted as far as they are known. */
export function carryStates(rows: Rows, from: number, to: number, shared: boolean): void {
  const moment = startOf(rows.planOf(to));
  const inScope = ({ rules }: Plan): Plan["rules"] =>
    rules.filter((rule) => rule.shared === shared);
  const old = inScope(rows.planOf(from));
  const rules = inScope(rows.planOf(to));
  const twins = pairs(rules, old);
  rules.forEach((rule, i) => {
    const twin = old[twins[i]!];
    if (twin?.kind === "quota") notePeriods(rows, twin, rule, moment.since);
    const kept =
      twin !== undefined &&
      migrateState(twin.limit, rows.place(twin, from), rule.limit, rows.site(rule, to), moment);
    if (!kept) rows.use(rule, to, moment);
  });
}

function notePeriods({ periodsSince }: Rows, old: Rule, rule: Rule, now: number): void {
  const since = samePeriods(old.limit, rule.limit) ? periodsSince.get(old) : now;
  if (since !== undefined) periodsSince.set(rule, Math.max(since, periodsSince.get(rule) ?? 0));
}

/**
 * Whether any key has something that counts when a plan comes into force, from before the limiter
 * had limits of its own: what all keys took together is not known.
 */
export function anyAlone(rows: Rows, plan: Plan): boolean {
  const moment = startOf(plan);
  const counts = (row: number, rule: Rule): boolean =>
    idleFrom(rule.limit, rows.place(rule, row), moment) > moment.now;
  for (const key of rows.keys()) {
    const row = rows.any(key);
    const { hasShared, rules } = rows.planOf(row);
    if (!hasShared && rules.some((rule) => counts(row, rule))) return true;
  }
  return false;
}

/** The limiter's own row starts used. */
export function startShared(rows: Rows, row: number): void {
  const plan = rows.planOf(row);
  for (const rule of plan.rules) if (rule.shared) rows.use(rule, row, startOf(plan));
}

/** When a plan came into force. */
function startOf({ since, sinceWall }: Plan): Moment {
  return { now: since, wall: sinceWall, since };
}
