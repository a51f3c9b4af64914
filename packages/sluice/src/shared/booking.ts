/** Instants that a shared store wrote ahead, on the clock of this process. */

import type { Costs } from "../costs.ts";
import type { Plan } from "../limits/plan.ts";
import { bordersAt } from "../limits/quota/borders.ts";
import type { Answer } from "../stores/store.ts";

/** One instant in hand. `due` and `until` are microseconds on this process's clock. */
export interface Booking {
  readonly plan: Plan;
  readonly costs: Costs;
  /** The instant on the store's clock. */
  readonly at: number;
  readonly ticket: number;
  /** From when on the store's clock has surely come to it. */
  readonly due: number;
  /** Until when it is surely not older than the grace, and not in another period of a quota. */
  readonly until: number;
}

/**
 * What an answer admits. The store read its clock somewhere between `sent` and `received`, so an
 * instant is surely there when that much has passed since `received`, and surely not older than the
 * grace until that much has passed since `sent`.
 */
export function bookingsOf(
  plan: Plan,
  costs: readonly Costs[],
  answer: Answer,
  { sent, received }: { sent: number; received: number },
): Booking[] {
  const { now, admitted, instants, tickets, asked = sent } = answer;
  return costs.slice(0, admitted).map((each, i) => {
    const ahead = Math.max(0, instants[i]! - now);
    return {
      plan,
      costs: each,
      at: instants[i]!,
      ticket: tickets[i]!,
      due: received + ahead,
      until: asked + ahead + keptFor(plan, instants[i]!),
    };
  });
}

/**
 * How long after its instant an admission may run. A quota keeps the grace before its border free, but
 * another limit may have moved the instant into that: then it runs before the border.
 */
function keptFor({ rules, grace }: Plan, at: number): number {
  let kept = grace;
  for (const { limit } of rules) {
    if (limit.kind !== "quota") continue;
    const left = bordersAt(limit, at).end - (limit.guard - grace) - at;
    if (left - 1 < kept) kept = left - 1;
  }
  return kept;
}

/** Slots come back at nobody knows when, so nothing is booked behind them. */
export function booksAhead({ rules }: Plan): boolean {
  return rules.every(({ kind }) => kind !== "concurrency" && kind !== "blocked");
}
