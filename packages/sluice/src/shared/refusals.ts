/**
 * Refusals of a remote store that are still true: asking again before their instant would be a round
 * trip for the same answer. Kept 1 s at most, so that what other processes free is seen by then.
 */

import type { Clock } from "../clock.ts";
import { type Costs, sameCosts } from "../costs.ts";
import type { Plan } from "../limits/plan.ts";
import { Denial } from "../permit.ts";
import { toMillis } from "../time.ts";

const KEPT = 1_000_000;
/** Keys whose refusals are kept. */
const MOST = 10_000;

interface Kept {
  readonly plan: Plan;
  readonly costs: Costs;
  readonly limit: string;
  /** On this process's clock: no sooner than it is, for the answer was on its way. */
  readonly until: number;
  /** No later than it is. */
  readonly expires: number;
}

export class Refusals {
  readonly #byKey = new Map<string, Kept>();

  /** @param sent - When a store was asked that is far away. */
  note(
    key: string,
    plan: Plan,
    costs: Costs,
    { limit, wait }: Denial,
    sent: number | undefined,
    clock: Clock,
  ): void {
    if (wait === undefined) return;
    if (this.#byKey.size >= MOST) this.#byKey.clear();
    const now = clock.now();
    const expires = Math.min((sent ?? now) + wait, now + KEPT);
    this.#byKey.set(key, { plan, costs, limit, until: now + wait, expires });
  }

  /** The refusal of the same ask; how long one of more would wait, only the store knows. */
  find(key: string, plan: Plan, costs: Costs, clock: Clock): Denial | undefined {
    const kept = this.#byKey.get(key);
    if (!kept) return undefined;
    const now = clock.now();
    if (kept.expires <= now) {
      this.#byKey.delete(key);
      return undefined;
    }
    if (kept.plan !== plan || !sameCosts(kept.costs, costs)) return undefined;
    return new Denial(kept.limit, toMillis(kept.until - now));
  }

  /** Something was freed, for a key or for all. */
  forget(key: string | undefined): void {
    if (key === undefined) this.#byKey.clear();
    else this.#byKey.delete(key);
  }
}
