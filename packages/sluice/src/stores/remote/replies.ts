/** What servers reply to `reserve`, as an answer. */

import { type Earliest, NEVER } from "../../limits/limit.ts";
import type { Plan } from "../../limits/plan.ts";
import type { Answer } from "../store.ts";
import { sentOf } from "./plan-numbers.ts";

/** How they say NEVER, which is no whole number. */
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

export function earliestOf(told: number): Earliest {
  return told === NEVER_TOLD ? NEVER : told;
}

/** The index in the plan of a rule that was sent. */
export function ruleOf(plan: Plan, sent: number): number {
  return sent < 0 ? -1 : (sentOf(plan)[sent] ?? -1);
}
