/** How much one call may take: a share of what the limits hold, so that other processes get theirs. */

import type { Costs } from "../costs.ts";
import type { AnyLimit } from "../limits/limit.ts";
import type { Plan } from "../limits/plan.ts";

/** The first caller would else book a whole window, and the others wait for the next. */
const SHARE = 4;
/** Admissions in one call, however large the limits are. */
const MOST = 1000;

/** The costs at the front that one call asks for: at least one, within a share of every limit. */
export function shareOf(plan: Plan, queued: Iterable<Costs>, horizon: number): Costs[] {
  const room = plan.rules.map(({ limit }) => unitsWithin(limit, horizon) / SHARE);
  const share: Costs[] = [];
  for (const costs of queued) {
    const fits = costs.every((units, i) => units <= room[i]!);
    if (share.length > 0 && (!fits || share.length >= MOST)) break;
    costs.forEach((units, i) => {
      room[i]! -= units;
    });
    share.push(costs);
  }
  return share;
}

/** What the limit lets through while instants are booked ahead. */
function unitsWithin(limit: AnyLimit, horizon: number): number {
  switch (limit.kind) {
    case "window":
      return Math.min(...limit.rates.map(({ count, span }) => count * Math.max(1, horizon / span)));
    case "parts":
      return limit.count * Math.max(1, horizon / limit.span);
    case "pace":
      return Math.max(limit.burst, (horizon * limit.units) / limit.micros);
    case "quota":
      return limit.count;
    case "concurrency":
      return limit.slots;
    default:
      return Number.POSITIVE_INFINITY;
  }
}
