/** One limiter's budget in shared memory: every verb is one step that is tried until it is first. */

import type { Costs } from "../../costs.ts";
import { later, type Moment, NEVER } from "../../limits/limit.ts";
import { forecastOf, ratesOf } from "../../limits/outlook.ts";
import type { Plan } from "../../limits/plan.ts";
import { BlankAnswer, BlankMoment, BlankVerdict } from "../blank.ts";
import {
  type Answer,
  type Ask,
  askFor,
  type Change,
  type Ledger,
  type Scope,
  type Verdict,
  type View,
} from "../store.ts";
import { Bound } from "./bound.ts";
import { type Amendment, changeBoth } from "./changes.ts";
import { Decision } from "./decision.ts";
import type { Draft } from "./draft.ts";
import { Express } from "./express.ts";
import { GATE, SEEN } from "./record.ts";
import { type HostClock, MOST_BACK } from "./host-clock.ts";
import { Room } from "./room.ts";
import type { Rows } from "./rows.ts";
import { shift } from "./shift.ts";
import { Step } from "./step.ts";

export class SharedLedger implements Ledger<true> {
  readonly sync = true;
  readonly #rows: Rows;
  readonly #clock: HostClock;
  readonly #step: Step;
  readonly #decision: Decision;
  readonly #express: Express;
  readonly #room: Room;
  readonly #plans = new WeakMap<Plan, Bound>();
  readonly #moment = new BlankMoment();
  readonly #answer = new BlankAnswer();
  readonly #verdict = new BlankVerdict();
  readonly #closed: () => void;
  #lastPlan: Plan | undefined;
  #lastBound: Bound | undefined;
  /** By how much the clock was set back, as far as rows tell. */
  #jump = 0;

  constructor(rows: Rows, scope: Scope, clock: HostClock, closed: () => void) {
    this.#rows = rows;
    this.#clock = clock;
    this.#closed = closed;
    const now = this.now();
    const used = scope.start === "used" ? { now, wall: now, since: now } : undefined;
    this.#room = new Room(rows, scope.name, clock);
    this.#step = this.#withRoom(() => new Step(rows, scope.name, used));
    this.#decision = new Decision(this.#step);
    this.#express = new Express(this.#step, this.#decision, clock);
  }

  now(): number {
    return this.#clock.now();
  }

  reserve(ask: Ask): Answer {
    const answer = this.#answer;
    answer.admitted = 0;
    const bound = this.#boundOf(ask.plan);
    for (;;) {
      try {
        if (answer.admitted === 0 && this.#admitAtOnce(ask, bound)) return answer;
        if (this.#admit(ask, bound)) return answer;
      } catch (error) {
        this.#room.make(this.#step, error);
      }
    }
  }

  attempt(key: string, plan: Plan, cost: Costs): Verdict {
    const verdict = this.#verdict;
    const ticket = this.#express.take(key, this.#boundOf(plan), cost[0]!, 0);
    if (ticket > 0) {
      verdict.now = this.#express.now;
      verdict.ticket = ticket;
      return verdict;
    }
    const ask = askFor(key, plan, [cost]);
    const { now, admitted, instants, until, rule, tickets } = this.reserve(ask);
    verdict.now = admitted > 0 ? instants[0]! : now;
    verdict.ticket = admitted > 0 ? tickets[0]! : 0;
    verdict.until = until;
    verdict.rule = rule;
    return verdict;
  }

  peek(ask: Ask, ahead: Costs | undefined): View {
    const bound = this.#boundOf(ask.plan);
    const { plan } = ask;
    const decision = this.#decision;
    const [cost] = ask.costs as [Costs];
    for (;;) {
      const moment = this.#read(bound, ask.key, undefined);
      moment.since = moment.now;
      const until = decision.earliest(bound, cost, moment);
      const bindings = decision.bindings(bound, moment);
      const places = plan.rules.map((rule, i) => {
        const draft = rule.shared ? this.#step.root : this.#step.key;
        return draft.flat(bindings[rule.shared ? 1 : 0]![i]!);
      });
      if (!this.#step.isStill()) continue;
      let forecast = until;
      if (ahead) {
        places.forEach((place, i) => {
          const total = ahead[i]! + cost[i]!;
          if (cost[i] === 0) return;
          forecast = later(forecast, forecastOf(bound.limits[i]!, place, total, moment));
        });
      }
      const rates = places.map((place, i) => ratesOf(bound.limits[i]!, place, moment));
      const { now } = moment;
      return { now, until, ownUntil: decision.ownUntil, rule: decision.rule, rates, forecast };
    }
  }

  amend(changes: readonly Change[]): readonly number[] {
    const lost: number[] = [];
    for (const change of changes) this.#withRoom(() => this.#apply(change, lost));
    return lost;
  }

  keys(): string[] {
    return this.#room.keys(false);
  }

  close(): void {
    this.#closed();
  }

  /** The shortest way, for those whom it serves. */
  #admitAtOnce({ key, costs, since, notBefore = 0 }: Ask, bound: Bound): boolean {
    if (costs.length !== 1 || since !== undefined) return false;
    const ticket = this.#express.take(key, bound, costs[0]![0]!, notBefore);
    if (ticket === 0) return false;
    const answer = this.#answer;
    const { now } = this.#express;
    answer.now = now;
    answer.admitted = 1;
    answer.instants[0] = now;
    answer.tickets[0] = ticket;
    return true;
  }

  /** One step; false when others were faster, or when there is more to be asked. */
  #admit(ask: Ask, bound: Bound): boolean {
    const answer = this.#answer;
    const step = this.#step;
    const decision = this.#decision;
    const done = answer.admitted;
    const moment = this.#read(bound, ask.key, done > 0 ? answer.now : undefined);
    moment.since = ask.since ?? moment.now;
    const { costs } = ask;
    let refused = false;
    let least = done > 0 ? answer.instants[done - 1]! : (ask.notBefore ?? 0);
    let i = done;
    for (; i < costs.length; i++) {
      let until = decision.earliest(bound, costs[i]!, moment);
      if (until >= 0 && until < least) until = least;
      else least = until;
      if (!(until >= 0 && until <= moment.now + ask.maxWait) || until === NEVER) {
        answer.until = until;
        answer.ownUntil = decision.ownUntil;
        answer.rule = decision.rule;
        refused = true;
        break;
      }
      if (!decision.takes(bound, costs[i]!, until, moment)) break;
      answer.instants[i] = until;
      answer.tickets[i] = decision.commit(bound, costs[i]!, until, moment);
    }
    if (i === done ? !step.isStill() : !this.#finish(bound, moment)) {
      return false;
    }
    if (done === 0) answer.now = moment.now;
    answer.admitted = i;
    return refused || i === costs.length;
  }

  #finish(bound: Bound, moment: Moment): boolean {
    const made = this.#step.key.row === 0;
    const committed = this.#step.commit(bound, moment);
    if (made) this.#room.sweep(this.#step, moment.now);
    return committed;
  }

  /** Reads the rows and the time; a clock that was set back far is believed, and the rows follow. */
  #read(bound: Bound, key: string, at: number | undefined): BlankMoment {
    const step = this.#step;
    // Before the rows: the shorter a step is from its reading to its swap, the fewer are in vain.
    let now = at ?? this.now();
    step.read(bound, key);
    const moment = this.#moment;
    const { key: own, root, governed } = step;
    if (own.cells[SEEN]! > now) now = this.#ahead(own, now);
    if (governed && root.cells[SEEN]! > now) now = this.#ahead(root, now);
    moment.now = now;
    moment.wall = now;
    moment.since = now;
    return moment;
  }

  /** A row that has seen a later time: it is now, or the clock was set back far. */
  #ahead(draft: Draft, now: number): number {
    const seen = draft.cells[SEEN]!;
    if (seen <= now + MOST_BACK) return seen;
    // Refusals write nothing: the distance stays the one that was first seen, and time goes on.
    if (seen - this.#jump > now) this.#jump = seen - now;
    shift(draft, -this.#jump);
    return now;
  }

  #apply(change: Change, lost: number[]): void {
    switch (change.kind) {
      case "settle":
      case "cancel":
      case "release":
      case "renew":
        return this.#change(change, lost);
      case "gate":
        return this.#setGate(change.key, change.plan, change.until);
      case "reset":
        return this.#reset(change.key);
    }
  }

  #change(change: Amendment, lost: number[]): void {
    const bound = this.#boundOf(change.plan);
    const step = this.#step;
    for (;;) {
      const moment = this.#read(bound, change.key, undefined);
      const { done, isLost } = changeBoth(bound, step.key, step.root, change, moment);
      if (done ? !step.commit(bound, moment) : !step.isStill()) continue;
      if (isLost) lost.push(change.ticket);
      return;
    }
  }

  #setGate(key: string | undefined, plan: Plan, until: number | undefined): void {
    const moved = (old: number): number => (until === undefined ? 0 : Math.max(old, until));
    const step = this.#step;
    const bound = this.#boundOf(plan);
    for (;;) {
      if (key === undefined) step.readRoot();
      const draft = key === undefined ? step.root : step.key;
      const moment = key === undefined ? this.#room.moment() : this.#read(bound, key, undefined);
      const old = draft.cells[GATE]!;
      if (moved(old) === old) return;
      draft.valid = false;
      draft.cells[GATE] = moved(old);
      if (key === undefined ? step.commitRoot(moment) : step.commit(bound, moment)) return;
    }
  }

  #reset(key: string | undefined): void {
    const step = this.#step;
    const room = this.#room;
    if (key !== undefined) return room.forget(step, key);
    for (const each of room.keys(true)) room.forget(step, each);
    do step.readRoot();
    while (!step.emptyRoot(room.moment()));
  }

  /** What is full may have room once idle keys are forgotten. */
  #withRoom<T>(step: () => T): T {
    try {
      return step();
    } catch (error) {
      this.#room.make(this.#step, error);
      return step();
    }
  }

  #boundOf(plan: Plan): Bound {
    if (plan === this.#lastPlan) return this.#lastBound!;
    let bound = this.#plans.get(plan);
    if (!bound) this.#plans.set(plan, (bound = new Bound(plan, this.#rows.shapes)));
    this.#lastPlan = plan;
    this.#lastBound = bound;
    return bound;
  }
}
