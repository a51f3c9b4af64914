/** What the quick scripts reply where the instant is the server's time. */

import type { Answer } from "../store.ts";

/** Seconds and microseconds, which are the instant and the ticket too. */
export function answerOfTime([seconds, micros]: readonly unknown[]): Answer {
  const now = Number(seconds) * 1e6 + Number(micros);
  const admitted = 1;
  return { now, admitted, instants: [now], tickets: [now], until: now, ownUntil: now, rule: -1 };
}
