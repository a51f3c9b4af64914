/** One limiter's budget in shared memory: every verb is one step that is tried until it is first. */

import type { Costs } from "../../costs.ts";
import { KeysExhaustedError } from "../../errors.ts";
import { later, type Moment, NEVER } from "../../limits/limit.ts";
import { forecastOf, ratesOf } from "../../limits/outlook.ts";
import type { Plan } from "../../limits/plan.ts";
import {
  blankAnswer,
  type Answer,
  type Ask,
  type Change,
  type Ledger,
  type Scope,
  type View,
} from "../store.ts";
import { Bound } from "./bound.ts";
import { type Amendment, changeBoth } from "./changes.ts";
import { Decision } from "./decision.ts";
import type { Draft } from "./draft.ts";
import { Express } from "./express.ts";
import { GATE, GOVERNED, ROOT, SEEN } from "./record.ts";
import { MOST_BACK, type ReadTime } from "./host-clock.ts";
import type { Rows } from "./rows.ts";
import { shift } from "./shift.ts";
import { Step } from "./step.ts";
import { Sweep } from "./sweep.ts";

type Now = { -readonly [K in keyof Moment]: Moment[K] };

export class SharedLedger implements Ledger<true> {
  readonly sync = true;
  readonly #rows: Rows;
  readonly #time: ReadTime;
  readonly #name: string;
  readonly #step: Step;
  readonly #decision: Decision;
  readonly #express: Express;
  readonly #sweep: Sweep;
  readonly #plans = new WeakMap<Plan, Bound>();
  readonly #moment: Now = { now: 0, wall: 0, since: 0 };
  readonly #answer: Answer = blankAnswer();
  readonly #closed: () => void;
  #last = 0;
  #lastPlan: Plan | undefined;
  #lastBound: Bound | undefined;
  /** By how much the clock was set back, as far as rows tell. */
  #jump = 0;

  constructor(rows: Rows, scope: Scope, time: ReadTime, closed: () => void) {
    this.#rows = rows;
    this.#time = time;
    this.#name = scope.name;
    this.#closed = closed;
    const now = this.now();
    const used = scope.start === "used" ? { now, wall: now, since: now } : undefined;
    this.#sweep = new Sweep(rows);
    this.#step = this.#withRoom(() => new Step(rows, scope.name, used));
    this.#decision = new Decision(this.#step);
    this.#express = new Express(this.#step, this.#decision, () => this.now());
  }

  now(): number {
    const reading = this.#time();
    if (reading > this.#last || reading < this.#last - MOST_BACK) this.#last = reading;
    return this.#last;
  }

  reserve(ask: Ask): Answer {
    const answer = this.#answer;
    answer.admitted = 0;
    const bound = this.#boundOf(ask.plan);
    for (;;) {
      try {
        if (answer.admitted === 0 && this.#express.admits(ask, bound, answer)) return answer;
        if (this.#admit(ask, bound)) return answer;
      } catch (error) {
        this.#makeRoom(error);
      }
    }
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
    const keys: string[] = [];
    const now = this.now();
    this.#sweep.each((draft, title) => {
      if (title.name !== this.#name || title.key === undefined) return;
      if (draft.idleAt > now) keys.push(title.key);
    });
    return keys;
  }

  close(): void {
    this.#closed();
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
    if (made) this.#sweep.some(moment.now, (title) => this.#forgetIdle(title.name, title.key!));
    return committed;
  }

  /** Reads the rows and the time; a clock that was set back far is believed, and the rows follow. */
  #read(bound: Bound, key: string, at: number | undefined): Now {
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
      const moment = key === undefined ? this.#momentNow() : this.#read(bound, key, undefined);
      const old = draft.cells[GATE]!;
      if (moved(old) === old) return;
      draft.alter();
      draft.cells[GATE] = moved(old);
      if (key === undefined ? step.commitRoot(moment) : step.commit(bound, moment)) return;
    }
  }

  #momentNow(): Moment {
    const now = this.now();
    return { now, wall: now, since: now };
  }

  #reset(key: string | undefined): void {
    if (key !== undefined) return this.#forget(key);
    const step = this.#step;
    this.#sweep.each((_, title) => {
      if (title.name === this.#name && title.key !== undefined) this.#forget(title.key);
    });
    do step.readRoot();
    while (!step.emptyRoot(this.#momentNow()));
  }

  #forget(key: string): void {
    const step = this.#step;
    do step.readAny(key);
    while (!step.forget(this.#momentNow()));
  }

  /** A key of any limiter that has nothing left. */
  #forgetIdle(name: string, key: string): void {
    const step = name === this.#name ? this.#step : new Step(this.#rows, name, undefined);
    step.readAny(key);
    const { row, cells } = step.key;
    const idle = row !== 0 && cells[GOVERNED] !== ROOT && Sweep.isIdle(step.key, this.now());
    if (idle) step.forget(this.#momentNow());
  }

  /** What is full may have room once idle keys are forgotten. */
  #withRoom<T>(step: () => T): T {
    try {
      return step();
    } catch (error) {
      this.#makeRoom(error);
      return step();
    }
  }

  /** @throws The error, unless it is that memory is full and something could be forgotten. */
  #makeRoom(error: unknown): void {
    if (!(error instanceof KeysExhaustedError)) throw error;
    const now = this.now();
    const freed = this.#sweep.all(now, (title) => this.#forgetIdle(title.name, title.key!));
    if (freed === 0) throw error;
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
