/**
 * The commonest step, by the shortest way: one admission, now, by one pace or exact window of a key
 * whose record has a tail. All else, refusals too, is left to the general step. One long function,
 * since a number that is passed to one which is not compiled into its caller has to be allocated.
 */

import * as pace from "../../limits/pace/pace.ts";
import type { Bound } from "./bound.ts";
import type { Decision } from "./decision.ts";
import type { Draft } from "./draft.ts";
import { enterOne, follow, hasRoom } from "./entries.ts";
import { type HostClock, MOST_BACK } from "./host-clock.ts";
import { GATE, HEADER, SEEN, TICKET } from "./record.ts";
import type { Step } from "./step.ts";
import { isTailable } from "./tail.ts";

export class Express {
  /** The instant of what was admitted last. */
  now = 0;
  readonly #step: Step;
  readonly #decision: Decision;
  readonly #clock: HostClock;

  constructor(step: Step, decision: Decision, clock: HostClock) {
    this.#step = step;
    this.#decision = decision;
    this.#clock = clock;
  }

  /** The ticket of an admission now; 0 when nothing has been decided. */
  take(key: string, bound: Bound, cost: number, notBefore: number): number {
    const limit = bound.alone;
    const step = this.#step;
    if (limit === undefined || !isTailable(cost) || !step.readWithTail(key)) return 0;
    const draft = step.key;
    // Once: the shorter a try is, the fewer are in vain.
    const time = this.#clock.now();
    for (;;) {
      const { cells } = draft;
      const seen = cells[SEEN]!;
      const now = seen > time ? seen : time;
      if (now > time + MOST_BACK || cells[GATE]! > now || notBefore > now) return 0;
      if (!bound.bindsAlone(draft.shape) || this.#decision.gateOfAll() > now) return 0;
      if (limit.kind === "pace") {
        if (cost > limit.burst || pace.freeFrom(limit, cells, HEADER, cost) > now) return 0;
      } else if (!hasRoom(draft, limit, cost, now)) return 0;
      if (!draft.tail.append(now, cost)) {
        draft.valid = readMore(draft);
        if (step.readWithTail(key)) continue;
        return 0;
      }
      const ticket = cells[TICKET]! + 1;
      cells[TICKET] = ticket;
      cells[SEEN] = now;
      if (limit.kind === "pace") pace.commitFrom(limit, cells, HEADER, cost, now, now);
      else enterOne(draft, limit, cost, now);
      this.now = now;
      return ticket;
    }
  }
}

/** Reads what others have entered meanwhile; false when it is not that which has happened. */
function readMore(draft: Draft): boolean {
  const { count } = draft.tail;
  return follow(draft) && draft.tail.count > count;
}
