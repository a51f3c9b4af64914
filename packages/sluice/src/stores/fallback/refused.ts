/** What the fallback says when it lets nothing more through: it names itself, and when to ask again. */

import { isHeld } from "../../limits/limit.ts";
import type { Plan } from "../../limits/plan.ts";
import { type Answer, FALLBACK, type View } from "../store.ts";
import { countOf } from "./share.ts";

/** When it would fit here, or when the store is tried again: whichever comes first. */
export function sooner(until: number, again: number): number {
  return isHeld(until) ? again : Math.min(until, again);
}

/** Nothing is admitted. */
export function nothingAdmitted(now: number): Answer {
  return { now, admitted: 0, instants: [], tickets: [], until: now, ownUntil: now, rule: FALLBACK };
}

/** All of every limit looks used until then. */
export function nothingLeft(plan: Plan, now: number, again: number): View {
  const rates = plan.rules.map(({ limit, names }) =>
    names.map((_, i) => {
      const count = countOf(limit, i);
      return { used: Number.isFinite(count) ? count : 0, resetAt: again };
    }),
  );
  return { now, until: again, ownUntil: again, forecast: again, rule: FALLBACK, rates };
}
