/**
 * The commonest step, by the shortest way: one admission, now, by one pace or exact window of a key
 * whose row is there. All else, refusals too, is left to the general step.
 */

import type { Moment } from "../../limits/limit.ts";
import type { Answer, Ask } from "../store.ts";
import type { Bound } from "./bound.ts";
import type { Decision } from "./decision.ts";
import { GATE, SEEN, TICKET } from "./record.ts";
import { MOST_BACK, type ReadTime } from "./host-clock.ts";
import type { Step } from "./step.ts";

type Now = { -readonly [K in keyof Moment]: Moment[K] };

export class Express {
  readonly #step: Step;
  readonly #decision: Decision;
  readonly #time: ReadTime;
  readonly #moment: Now = { now: 0, wall: 0, since: 0 };

  constructor(step: Step, decision: Decision, time: ReadTime) {
    this.#step = step;
    this.#decision = decision;
    this.#time = time;
  }

  /** Whether it was admitted; if not, nothing has been decided. */
  admits(ask: Ask, bound: Bound, answer: Answer): boolean {
    const limit = bound.alone;
    if (limit === undefined || ask.costs.length !== 1) return false;
    const cost = ask.costs[0]![0]!;
    if (cost === 0) return false;
    const step = this.#step;
    const draft = step.key;
    const moment = this.#moment;
    // Before the row, and once: the shorter a try is, the fewer are in vain.
    const time = this.#time();
    for (;;) {
      if (!step.readAlone(ask.key)) return false;
      const { cells } = draft;
      const now = Math.max(time, cells[SEEN]!);
      if (now > time + MOST_BACK || !bound.bindsAlone(draft.shape)) return false;
      const gate = Math.max(cells[GATE]!, this.#decision.gateOfAll(), ask.notBefore ?? 0);
      moment.now = now;
      moment.wall = now;
      moment.since = ask.since ?? now;
      if (gate > now || draft.earliest(0, limit, cost, moment) !== now) return false;
      const ticket = cells[TICKET]! + 1;
      cells[TICKET] = ticket;
      draft.commit(0, limit, cost, now, moment, ticket);
      if (!step.commitKey(moment)) continue;
      answer.now = now;
      answer.admitted = 1;
      answer.instants[0] = now;
      answer.tickets[0] = ticket;
      return true;
    }
  }
}
