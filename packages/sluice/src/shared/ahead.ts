/**
 * The costs that stand before somebody and are no store's matter yet: those who have an instant in
 * hand count there already.
 */

import { type Costs, noCosts } from "../costs.ts";
import type { Plan } from "../limits/plan.ts";
import type { Waiter } from "../queue.ts";
import type { Lane } from "./lane.ts";

/** A lower bound of what stands before a newcomer. */
export function aheadOfNewcomer(lane: Lane | undefined, plan: Plan): Costs {
  if (!lane) return noCosts(plan);
  const ahead = lane.queue.ahead(0);
  for (const { costs } of lane.inHand) subtract(ahead, costs);
  return ahead;
}

/** What stands before one who waits; `undefined` when it has an instant in hand itself. */
export function aheadOf(lane: Lane, waiter: Waiter): Costs | undefined {
  const waiters = lane.waiters();
  const count = lane.inHand.length;
  if (waiters.slice(0, count).includes(waiter)) return undefined;
  const ahead = noCosts(lane.queue.plan);
  for (let i = count; i < waiters.length && waiters[i] !== waiter; i++) {
    waiters[i]!.costs.forEach((units, rule) => {
      ahead[rule]! += units;
    });
  }
  return ahead;
}

/** Of lower priorities, which do not stand before it, may be some that have an instant. */
function subtract(ahead: number[], costs: Costs): void {
  costs.forEach((units, rule) => {
    ahead[rule] = Math.max(0, ahead[rule]! - units);
  });
}
