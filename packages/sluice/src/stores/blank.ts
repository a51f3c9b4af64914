/**
 * Moments and answers of synchronous stores, each one object that is written anew for every question.
 * They are classes since V8 keeps the fields of all literals that begin alike in one way: a literal that
 * begins with `now`, as clocks do, would hold its numbers as objects, a new one for each write.
 */

import type { Moment } from "../limits/limit.ts";
import type { Answer, Verdict } from "./store.ts";

export class BlankAnswer implements Answer {
  now = 0;
  admitted = 0;
  readonly instants: number[] = [];
  readonly tickets: number[] = [];
  until = 0;
  ownUntil = 0;
  rule = -1;

  /** So many are admitted at one instant, with tickets that rise from the first. */
  admitAll(count: number, at: number, ticket: number): void {
    for (let i = 0; i < count; i++) {
      this.instants[i] = at;
      this.tickets[i] = ticket + i;
    }
    this.admitted = count;
  }
}

/** The time of the decision at hand. */
export class BlankMoment implements Moment {
  now = 0;
  wall = 0;
  since = 0;
}

export class BlankVerdict implements Verdict {
  now = 0;
  until = 0;
  ticket = 0;
  rule = -1;
}
