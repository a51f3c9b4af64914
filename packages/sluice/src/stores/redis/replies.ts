/** What scripts reply, as answers. */

import { type Earliest, NEVER } from "../../limits/limit.ts";
import type { Plan } from "../../limits/plan.ts";
import type { Answer } from "../store.ts";

/** How a script says NEVER, which is no whole number. */
const NEVER_TOLD = 2 ** 52;

/** Now, the first ticket (negative if not all were admitted), the gate, the instants, the refusal. */
export function answerOf(plan: Plan, asked: number, reply: readonly number[]): Answer {
  const [now, ticket] = reply as [number, number];
  const isWhole = ticket > 0;
  const admitted = isWhole ? asked : reply.length - 6;
  const tickets = Array.from({ length: admitted }, (_, i) => Math.abs(ticket) + i);
  const instants = reply.slice(3, 3 + admitted);
  if (isWhole) return { now, admitted, instants, tickets, until: now, ownUntil: now, rule: -1 };
  const [until, ownUntil, rule] = reply.slice(-3) as [number, number, number];
  return {
    now,
    admitted,
    instants,
    tickets,
    until: earliestOf(until),
    ownUntil: earliestOf(ownUntil),
    rule: ruleOf(plan, rule),
  };
}

/** Seconds and microseconds, which are the instant and the ticket too. */
export function answerOfTime([seconds, micros]: readonly unknown[]): Answer {
  const now = Number(seconds) * 1e6 + Number(micros);
  const admitted = 1;
  return { now, admitted, instants: [now], tickets: [now], until: now, ownUntil: now, rule: -1 };
}

export function earliestOf(told: number): Earliest {
  return told === NEVER_TOLD ? NEVER : told;
}

/** The index in the plan of a rule that was sent: those without a limit were not. */
export function ruleOf(plan: Plan, sent: number): number {
  if (sent < 0) return -1;
  const indexes = plan.rules.flatMap(({ kind }, i) => (kind === "unlimited" ? [] : [i]));
  return indexes[sent] ?? -1;
}
