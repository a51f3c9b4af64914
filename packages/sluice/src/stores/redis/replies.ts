/** What the scripts reply, as answers. */

import type { Costs } from "../../costs.ts";
import type { Plan } from "../../limits/plan.ts";
import { answerOf } from "../remote/replies.ts";
import type { Answer } from "../store.ts";

/** The time, which is the instant and the ticket too. */
export function answerAt(now: number): Answer {
  const admitted = 1;
  return { now, admitted, instants: [now], tickets: [now], until: now, ownUntil: now, rule: -1 };
}

/** The answer for costs that are all the same, whose instants are told with how many have each. */
export function answerOfSame(
  plan: Plan,
  costs: readonly Costs[],
  reply: readonly number[],
): Answer {
  const end = reply[1]! > 0 ? reply.length : reply.length - 3;
  const flat = reply.slice(0, 3);
  for (let i = 3; i < end; i += 2) {
    for (let n = reply[i]!; n > 0; n--) flat.push(reply[i + 1]!);
  }
  return answerOf(plan, costs.length, flat.concat(reply.slice(end)));
}
