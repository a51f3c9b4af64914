/** One decision on the rows that it concerns. */

import { earliestBy } from "../../limits/algorithm.ts";
import {
  type Earliest,
  held,
  heldUntil,
  isHeld,
  later,
  type Moment,
  NEVER,
} from "../../limits/limit.ts";
import type { Costs } from "../../costs.ts";
import type { Plan } from "../../limits/plan.ts";
import type { Answer, Ask } from "../store.ts";
import { bind, blockedOf, type BoundRule } from "./binding.ts";
import type { Row } from "./row.ts";

export interface Rowed {
  readonly row: Row;
  readonly rules: readonly BoundRule[];
}

export class Step {
  readonly moment: Moment;
  readonly key: Rowed;
  /** The row of the whole limiter: its gate counts even when none of the rules does. */
  readonly root: Rowed;
  readonly #plan: Plan;
  #ownUntil = 0;
  #rule = -1;

  /** @param clock - The clock's time; that of the decision is never before what was seen. */
  constructor(
    key: Row,
    root: Row,
    plan: Plan,
    clock: { readonly now: number; readonly since: number | undefined },
    used: Moment | undefined,
  ) {
    key.follow(clock.now);
    root.follow(clock.now);
    const now = Math.max(clock.now, key.last, root.last);
    this.#plan = plan;
    this.moment = { now, wall: now, since: clock.since ?? now };
    this.key = { row: key, rules: bind(key, plan, false, this.moment, used) };
    this.root = { row: root, rules: bind(root, plan, true, this.moment, used) };
  }

  /** Whether there is something to write even if nothing is admitted. */
  get changed(): boolean {
    return this.key.row.changed || this.root.row.changed;
  }

  /** Answers; with `dry` only whether the first cost is refused, and nothing is booked. */
  reserve(ask: Ask, answer: Answer, nextTicket: () => number, dry: boolean): void {
    const { now } = this.moment;
    answer.now = now;
    answer.admitted = 0;
    let least = ask.notBefore ?? 0;
    for (const [i, cost] of ask.costs.entries()) {
      let until = this.earliest(cost);
      if (until >= 0 && until < least) until = least;
      else least = until;
      if (!(until >= 0 && until <= now + ask.maxWait) || until === NEVER) {
        answer.until = until;
        answer.ownUntil = this.#ownUntil;
        answer.rule = this.#rule;
        return;
      }
      answer.admitted = i + 1;
      if (dry) return;
      const ticket = nextTicket();
      for (const each of [this.key, this.root]) book(each, cost, until, this.moment, ticket);
      answer.instants[i] = until;
      answer.tickets[i] = ticket;
    }
  }

  /** The maximum over all limits and gates; notes what the key's own say, and which one binds. */
  earliest(cost: Costs): Earliest {
    const { now } = this.moment;
    const { row } = this.key;
    let own: Earliest = Math.max(now, row.onClock(row.gate));
    let all: Earliest = Math.max(own, this.root.row.onClock(this.root.row.gate));
    let rule = -1;
    for (const each of [this.key, this.root]) {
      const moment = each.row.momentOf(this.moment);
      for (const { index, limit, kept } of each.rules) {
        const units = cost[index]!;
        if (units === 0) continue;
        const { cells, base } = kept;
        const raw = earliestBy(limit.kind, limit, cells, base, units, moment);
        const earliest = onClock(raw, each.row);
        if (earliest >= 0 && earliest <= now) continue;
        const both = later(all, earliest);
        if (both !== all) rule = index;
        all = both;
        if (each === this.key) own = later(own, earliest);
      }
    }
    for (const index of blockedOf(this.#plan)) {
      if (cost[index] === 0) continue;
      const both = later(all, held(now));
      if (both !== all) rule = index;
      all = both;
      if (!this.#plan.rules[index]!.shared) own = later(own, held(now));
    }
    this.#rule = rule;
    this.#ownUntil = own;
    return all;
  }

  get ownUntil(): Earliest {
    return this.#ownUntil;
  }

  get rule(): number {
    return this.#rule;
  }
}

function book(
  { row, rules }: Rowed,
  cost: Costs,
  at: number,
  moment: Moment,
  ticket: number,
): void {
  if (rules.length === 0 && row.key === "") return;
  const own = row.momentOf(moment);
  for (const { index, limit, kept, others } of rules) {
    const units = cost[index]!;
    if (units === 0) continue;
    kept.commit(limit, units, at + row.lag, own, ticket);
    for (const other of others) {
      // Another's ring may have later entries, and raising is always safe.
      const { limit: by } = other;
      const newest = by.kind === "window" ? other.idleFrom(own) - by.widest : 0;
      other.commit(by, units, Math.max(at + row.lag, newest), own, ticket);
    }
  }
  row.ticket = ticket;
  row.changed = true;
}

/** An answer in a row's own time on the clock. */
function onClock(earliest: Earliest, row: Row): Earliest {
  if (row.lag === 0 || earliest === NEVER) return earliest;
  return isHeld(earliest) ? held(row.onClock(heldUntil(earliest))) : row.onClock(earliest);
}
