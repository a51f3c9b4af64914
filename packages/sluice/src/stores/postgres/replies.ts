/** What the function `reserve` replies, as an answer. */

import { type Earliest, NEVER } from "../../limits/limit.ts";
import type { Plan } from "../../limits/plan.ts";
import type { Answer } from "../store.ts";
import { planArgs } from "./plan-args.ts";

/** How the functions say NEVER, which is no whole number. */
const NEVER_TOLD = 2 ** 52;

/** Now, the first ticket (negative if not all were admitted), the gate, the instants, the refusal. */
export function answerOf(plan: Plan, asked: number, reply: readonly number[]): Answer {
  const [now, ticket] = reply as [number, number];
  const isWhole = ticket > 0;
  const admitted = isWhole ? asked : reply.length - 6;
  const [until, ownUntil, rule] = isWhole ? [now, now, -1] : reply.slice(-3);
  return {
    now,
    admitted,
    instants: reply.slice(3, 3 + admitted),
    tickets: Array.from({ length: admitted }, (_, i) => Math.abs(ticket) + i),
    until: earliestOf(until!),
    ownUntil: earliestOf(ownUntil!),
    rule: ruleOf(plan, rule!),
  };
}

export function earliestOf(told: number): Earliest {
  return told === NEVER_TOLD ? NEVER : told;
}

/** The index in the plan of a rule that was sent. */
export function ruleOf(plan: Plan, sent: number): number {
  return planArgs(plan).sent[sent] ?? -1;
}
