/**
 * Refusals of a remote store that are still true: asking again before their instant would be a round
 * trip for the same answer. Kept 1 s at most, so that what other processes free is seen by then.
 */

import type { Clock } from "../clock.ts";
import type { Costs } from "../costs.ts";
import type { Plan } from "../limits/plan.ts";
import { Denial } from "../permit.ts";

const KEPT = 1_000_000;
/** Keys whose refusals are kept. */
const MOST = 10_000;

interface Kept {
  readonly plan: Plan;
  readonly costs: Costs;
  readonly limit: string;
  /** On this process's clock. */
  readonly until: number;
  readonly expires: number;
}

export class Refusals {
  readonly #byKey = new Map<string, Kept>();

  note(key: string, plan: Plan, costs: Costs, { limit, retryAfter }: Denial, now: number): void {
    if (retryAfter === undefined) return;
    if (this.#byKey.size >= MOST) this.#byKey.clear();
    // The wait was rounded up to whole milliseconds.
    const until = now + Math.max(0, retryAfter - 1) * 1e3;
    this.#byKey.set(key, { plan, costs, limit, until, expires: Math.min(until, now + KEPT) });
  }

  /** The refusal of an ask that takes no less than one that was refused. */
  find(key: string, plan: Plan, costs: Costs, clock: Clock): Denial | undefined {
    const kept = this.#byKey.get(key);
    if (!kept) return undefined;
    const now = clock.now();
    if (kept.expires <= now) {
      this.#byKey.delete(key);
      return undefined;
    }
    const covered = kept.plan === plan && kept.costs.every((units, i) => costs[i]! >= units);
    return covered ? new Denial(kept.limit, Math.ceil((kept.until - now) / 1e3)) : undefined;
  }

  /** Something was freed, for a key or for all. */
  forget(key: string | undefined): void {
    if (key === undefined) this.#byKey.clear();
    else this.#byKey.delete(key);
  }
}
