/** What the quick scripts reply where the instant is the server's time. */

import type { Answer } from "../store.ts";

/** The time, which is the instant and the ticket too. */
export function answerAt(now: number): Answer {
  const admitted = 1;
  return { now, admitted, instants: [now], tickets: [now], until: now, ownUntil: now, rule: -1 };
}
