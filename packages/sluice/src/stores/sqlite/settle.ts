/** What becomes of an admission afterwards, in the row of its key or of the whole limiter. */

import { capacityOf, earliestOf, refundTo } from "../../limits/algorithm.ts";
import * as slots from "../../limits/concurrency/concurrency.ts";
import {
  type AnyLimit,
  type ConcurrencyLimit,
  isHeld,
  type Moment,
  NEVER,
} from "../../limits/limit.ts";
import type { Plan } from "../../limits/plan.ts";
import type { Change } from "../store.ts";
import { type BoundRule, leased } from "./binding.ts";
import type { Kept } from "./kept.ts";
import type { Row } from "./row.ts";

export type Settlement = Extract<Change, { kind: "settle" | "cancel" }>;

/** Gives the surplus back, or charges the rest; whatever counts the cost hears of it. */
export function settle(
  row: Row,
  rules: readonly BoundRule[],
  change: Settlement,
  moment: Moment,
): void {
  const own = row.momentOf(moment);
  const { ticket } = change;
  for (const { index, limit, kept, others } of rules) {
    const cost = change.taken[index]!;
    const units = cost - change.actual[index]!;
    if (units === 0) continue;
    const surplus = { units, cost, at: change.at + row.lag, ticket };
    for (const state of [kept, ...others]) {
      const by = state === kept ? limit : state.limit;
      if (units > 0) state.change(() => refundTo(by, state, surplus, own));
      else charge(state, by, -units, own);
    }
    row.changed = true;
  }
}

/** Takes the rest at its own earliest instant, in pieces that the limit can hold. */
function charge(kept: Kept, limit: AnyLimit, units: number, own: Moment): void {
  if (limit.kind === "concurrency") return;
  const piece = limit.kind === "pace" ? units : capacityOf(limit);
  for (let left = units; left > 0; left -= piece) {
    const cost = Math.min(left, piece);
    const earliest = earliestOf(limit, kept.cells, kept.base, cost, own);
    const at = earliest === NEVER || isHeld(earliest) ? own.now : earliest;
    kept.commit(limit, cost, at, own, 0);
  }
}

/** Frees what a ticket holds. */
export function release(row: Row, plan: Plan, ticket: number, moment: Moment): void {
  const { now } = row.momentOf(moment);
  eachSlots(row, plan, (kept, limit) => {
    const freed = slots.release(limit, kept.cells, kept.base, ticket, now);
    if (freed > 0) row.changed = true;
  });
}

/** Extends the lease of a ticket; false when it holds nothing any more. */
export function renew(row: Row, plan: Plan, ticket: number, moment: Moment): number {
  const { now } = row.momentOf(moment);
  let found = 0;
  eachSlots(row, plan, (kept, limit) => {
    if (!slots.renew(kept.cells, kept.base, ticket, now + limit.lease)) return;
    found++;
    row.changed = true;
  });
  return found;
}

/** Visits all slots of a row with the limit by which the caller holds them. */
function eachSlots(
  row: Row,
  plan: Plan,
  visit: (kept: Kept, limit: ConcurrencyLimit) => void,
): void {
  for (const kept of row.states) {
    if (kept.limit.kind !== "concurrency") continue;
    const rule = plan.rules.find(
      ({ kind, costName }) => kind === "concurrency" && costName === kept.costName,
    );
    const limit = leased(rule?.limit ?? kept.limit) as ConcurrencyLimit;
    kept.change(() => visit(kept, limit));
  }
}
