/** The row of a key, or of the whole limiter, while a decision works on it. */

import { startUsed } from "../../limits/algorithm.ts";
import type { AnyLimit, Moment } from "../../limits/limit.ts";
import type { Plan } from "../../limits/plan.ts";
import type { BoundRule } from "./binding.ts";
import { Kept } from "./kept.ts";

/** A clock that was set back by no more than this stands still until it has caught up. */
const JUMP = 1_000_000;

interface Binding {
  readonly plan: Plan;
  readonly rules: readonly BoundRule[];
}

export class Row {
  /** As it is stored: JSON, or empty for the whole limiter. */
  readonly key: string;
  /** 0 while it is not stored. */
  id = 0;
  version = 0;
  /** The row's own time of its last change; that time is `lag` ahead of the clock's. */
  seen = 0;
  lag = 0;
  ticket = 0;
  /** Tickets before this one were reset. */
  born = 0;
  gate = 0;
  states: Kept[] = [];
  /** Which limits the states are of; `undefined` when that has changed. */
  shape: number | undefined;
  /** Whether something is to be written, whatever the decision. */
  changed = false;
  /** Whether nobody else has written it since this process did. */
  alone = true;
  /** How the last plan was bound to the states: those stay as they are while only it asks. */
  binding: Binding | undefined;

  constructor(key: string) {
    this.key = key;
  }

  /** The clock's time of the last change. */
  get last(): number {
    return this.seen - this.lag;
  }

  /**
   * A clock that was set back by much is followed: the row's own time goes on from where it was, so
   * that nobody waits for hours to come again. That has to be written, or time would stand still.
   */
  follow(clock: number): void {
    if (this.last <= clock + JUMP) return;
    this.lag += this.last - clock;
    this.changed = true;
  }

  /** The moment in the row's own time; the wall clock is the same. */
  momentOf(moment: Moment): Moment {
    if (this.lag === 0) return moment;
    const { now, wall, since } = moment;
    return { now: now + this.lag, wall, since: since + this.lag };
  }

  /** An instant of the row's own time on the clock. */
  onClock(instant: number): number {
    return instant - this.lag;
  }

  add(costName: string, limit: AnyLimit, used: Moment | undefined): Kept {
    const made = Kept.empty(costName, limit);
    if (used) made.change(() => startUsed(limit, made, this.momentOf(used)));
    this.states.push(made);
    this.shape = undefined;
    return made;
  }

  /** The instant on the clock from which the row equals an empty one. */
  idleFrom(moment: Moment): number {
    const own = this.momentOf(moment);
    return this.onClock(Math.max(this.gate, ...this.states.map((kept) => kept.idleFrom(own))));
  }

  /** Forgets all states; what was admitted before is told by its ticket. */
  reset(): void {
    this.states = [];
    this.binding = undefined;
    this.shape = undefined;
    this.gate = 0;
    this.born = this.ticket + 1;
    this.changed = true;
  }
}
