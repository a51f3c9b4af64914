/** The memory store's decisions: one step, one clock reading, nothing written on refusal. */

import { type Costs, sumOf } from "../../costs.ts";
import { KeysExhaustedError } from "../../errors.ts";
import * as slots from "../../limits/concurrency/concurrency.ts";
import { type Moment, NEVER } from "../../limits/limit.ts";
import type { Plan } from "../../limits/plan.ts";
import { show } from "../../time.ts";
import { BlankAnswer } from "../blank.ts";
import {
  type Answer,
  type Ask,
  askFor,
  type Change,
  type Ledger,
  type SavedState,
  type Scope,
  type Verdict,
  type View,
} from "../store.ts";
import { Decision } from "./decision.ts";
import { Eviction } from "./eviction.ts";
import { FewLimits } from "./few-limits.ts";
import { Present } from "./present.ts";
import { Resets } from "./resets.ts";
import { Rows } from "./rows.ts";
import { loadRows, saveRows } from "./saved.ts";
import { settle } from "./settle.ts";
import { Sweep } from "./sweep.ts";
import { Turn } from "./turn.ts";
import { viewOf } from "./view.ts";

const NONE: readonly number[] = [];

export class MemoryLedger implements Ledger<true> {
  readonly sync = true;
  readonly #scope: Scope;
  readonly #present: Present;
  readonly #answer = new BlankAnswer();
  readonly #rows: Rows;
  readonly #decision: Decision;
  readonly #few: FewLimits;
  readonly #sweep: Sweep;
  readonly #turn = new Turn();
  #eviction: Eviction | undefined;
  readonly #resets = new Resets();
  #ticket = 0;
  /** Whether the wall clock is looked at: any plan seen has a quota. */
  #hasQuota = false;

  constructor(scope: Scope) {
    this.#scope = scope;
    this.#present = new Present(scope.clock);
    this.#rows = new Rows(scope.start, { ...this.#present.tick(true) });
    this.#decision = new Decision(this.#rows);
    this.#few = new FewLimits(this.#rows, this.#present);
    this.#sweep = new Sweep(scope, this.#rows, () => this.#present.tick(true));
  }

  now(): number {
    return this.#present.tick(false).now;
  }

  reserve(ask: Ask): Answer {
    const { plan, key, costs } = ask;
    const answer = this.#answer;
    this.#few.lookAnew();
    if (plan.hasQuota) this.#hasQuota = true;
    const moment = this.#present.tick(plan.hasQuota);
    const { now } = moment;
    if (this.#turn.open) this.#raiseBefore(key, plan, moment);
    moment.since = ask.since ?? now;
    answer.now = now;
    answer.admitted = 0;
    const rows = this.#rows;
    const decision = this.#decision;
    let shared = plan.hasShared ? rows.seenShared(plan) : 0;
    let row = rows.find(key, plan);
    if (costs.length > 1 && row !== 0 && this.#reserveAll(ask, row, shared)) return answer;
    let least = ask.notBefore ?? 0;
    for (let i = 0; i < costs.length; i++) {
      const cost = costs[i]!;
      let until = decision.earliest(plan, row === 0 ? rows.blank(plan) : row, shared, cost, moment);
      if (until >= 0 && until < least) until = least;
      else least = until;
      if (!(until >= 0 && until <= now + ask.maxWait) || until === NEVER) {
        answer.until = until;
        answer.ownUntil = decision.ownUntil;
        answer.rule = decision.rule;
        break;
      }
      if (row === 0) row = this.#create(key, plan, moment);
      // An eviction may have moved all rows.
      if (plan.hasShared) shared = rows.shared(plan);
      const ticket = ++this.#ticket;
      decision.commit(plan, row, shared, cost, until + (ask.grace ?? 0), moment, ticket);
      if ((ask.deferred || this.#turn.open) && until <= now) {
        this.#turn.add(key, plan, cost, until, ticket);
      }
      answer.instants[i] = until;
      answer.tickets[i] = ticket;
      answer.admitted = i + 1;
    }
    return answer;
  }

  /** Admits all costs as one, if all of them may pass now; false, and nothing is done, if not. */
  #reserveAll(ask: Ask, row: number, seen: number): boolean {
    const { key, plan, costs, notBefore = 0, deferred, grace = 0 } = ask;
    const { moment } = this.#present;
    const { now } = moment;
    if (!plan.sums || notBefore > now) return false;
    const sum = sumOf(costs);
    if (this.#decision.earliest(plan, row, seen, sum, moment) !== now) return false;
    const ticket = this.#ticket + 1;
    const shared = plan.hasShared ? this.#rows.shared(plan) : 0;
    this.#decision.commit(plan, row, shared, sum, now + grace, moment, ticket);
    if (deferred || this.#turn.open) this.#turn.add(key, plan, sum, now, ticket);
    this.#answer.admitAll(costs.length, now, ticket);
    this.#ticket += costs.length;
    return true;
  }

  attempt(key: string, plan: Plan, cost: Costs): Verdict {
    if (!this.#turn.open) {
      const verdict = this.#few.attempt(key, plan, cost, this.#ticket + 1);
      if (verdict !== undefined) {
        if (verdict.ticket !== 0) this.#ticket = verdict.ticket;
        return verdict;
      }
    }
    return this.#ask(key, plan, cost);
  }

  /** `attempt` where it has no shorter way. */
  #ask(key: string, plan: Plan, cost: Costs): Verdict {
    const ask = askFor(key, plan, [cost]);
    const { now, admitted, until, rule, tickets } = this.reserve(ask);
    return { now, until, rule, ticket: admitted > 0 ? tickets[0]! : 0 };
  }

  amend(changes: readonly Change[]): readonly number[] {
    this.#few.lookAnew();
    const moment = this.#present.tick(this.#hasQuota);
    moment.since = moment.now;
    for (const change of changes) {
      this.#apply(change, moment);
      if (change.key !== undefined) this.#eviction?.touch(change.key);
    }
    return NONE;
  }

  peek(ask: Ask, ahead: Costs | undefined): View {
    const { plan, key } = ask;
    const moment = this.#present.tick(true);
    moment.since = moment.now;
    const shared = plan.hasShared ? this.#rows.seenShared(plan) : 0;
    const row = this.#rows.find(key, plan) || this.#rows.blank(plan);
    const [cost] = ask.costs as [Costs];
    const until = this.#decision.earliest(plan, row, shared, cost, moment);
    const { ownUntil, rule } = this.#decision;
    const view = { now: moment.now, until, ownUntil, rule };
    return viewOf(this.#rows, plan, row, shared, cost, ahead, moment, view);
  }

  keys(): string[] {
    return [...this.#rows.keys()];
  }

  save(): SavedState {
    return saveRows(this.#rows, this.#present.tick(true));
  }

  load(state: SavedState, plans: ReadonlyMap<string, Plan>): void {
    this.#few.lookAnew();
    this.#reset(undefined);
    const moment = this.#present.tick(true);
    loadRows(this.#rows, state, plans, moment);
    this.#eviction = undefined;
    // What may not be forgotten now goes when there are new keys, or when it is idle.
    this.#makeRoom(this.#scope.maxKeys, moment);
    this.#sweep.arm();
  }

  endTurn(): number {
    const moment = this.#present.tick(true);
    if (!this.#turn.open) return moment.now;
    // A clock that is rounded down: callers ran no later than one microsecond after it.
    if (!this.#scope.clock.exact) moment.now += 1;
    for (const row of this.#turn.all()) row.raise(this.#rows, moment, true);
    this.#turn.close();
    return moment.now;
  }

  /**
   * Those whom this turn has admitted run later than a newcomer is asked for: they count from now.
   * Windows are raised once the shortest has passed, since before that it changes no answer.
   */
  #raiseBefore(key: string, plan: Plan, moment: Moment): void {
    const sometimes = !plan.hasPace && !plan.hasQuota;
    const shared = plan.hasShared ? this.#turn.shared : undefined;
    for (let row = this.#turn.of(key) ?? shared; row; row = row === shared ? undefined : shared) {
      const all = moment.now - row.raised >= plan.shortest;
      if (all || !sometimes) row.raise(this.#rows, moment, all);
    }
  }

  close(): void {
    this.#sweep.stop();
    this.#eviction = undefined;
  }

  #create(key: string, plan: Plan, moment: Moment): number {
    const { maxKeys } = this.#scope;
    if (this.#rows.size >= maxKeys && !this.#makeRoom(maxKeys - 1, moment)) {
      throw new KeysExhaustedError(
        `all ${maxKeys} keys (maxKeys) are refused, waited for or held right now, so the key ${show(key)} cannot be added; raise maxKeys, or forget() a key.`,
      );
    }
    const row = this.#rows.create(key, plan);
    this.#eviction?.touch(key);
    this.#sweep.arm();
    return row;
  }

  /** Forgets keys until there are no more than `most`; false if too many have to stay. */
  #makeRoom(most: number, moment: Moment): boolean {
    const rows = this.#rows;
    if (rows.size <= most) return true;
    const eviction = (this.#eviction ??= new Eviction(rows, this.#scope.isWaited));
    const present = { ...moment, wall: this.#present.wall() };
    while (rows.size > most) if (!eviction.evict(present)) return false;
    return true;
  }

  #apply(change: Change, moment: Moment): void {
    switch (change.kind) {
      case "settle":
      case "cancel":
        return settle(this.#rows, this.#turn, this.#resets, change, moment, () =>
          this.#create(change.key, change.plan, moment),
        );
      case "release":
        this.#release(this.#rows.any(change.key), false, change.ticket, moment.now);
        return this.#release(this.#rows.sharedRow, true, change.ticket, moment.now);
      case "resume":
        return this.#turn.add(change.key, change.plan, change.taken, change.at, change.ticket);
      case "gate":
        return this.#setGate(change.key, change.plan, change.until, moment);
      case "reset":
        return this.#reset(change.key);
    }
  }

  #reset(key: string | undefined): void {
    this.#turn.drop(key);
    this.#resets.note(key, this.#ticket);
    if (key !== undefined) return this.#rows.forget(key);
    for (const each of this.keys()) this.#rows.forget(each);
    this.#rows.forgetShared();
    this.#rows.setCommonGate(0);
  }

  /** Frees what a ticket holds in a row. */
  #release(row: number, shared: boolean, ticket: number, now: number): void {
    if (row === 0) return;
    const { rules } = this.#rows.planOf(row);
    for (let i = 0; i < rules.length; i++) {
      const { limit, offset, shared: scope } = rules[i]!;
      if (limit.kind !== "concurrency" || scope !== shared) continue;
      const { cells } = this.#rows.arena;
      slots.release(limit, cells, cells[row + offset]!, ticket, now);
    }
  }

  #setGate(key: string | undefined, plan: Plan, until: number | undefined, moment: Moment): void {
    const moved = (old: number): number => (until === undefined ? 0 : Math.max(old, until));
    if (key === undefined) return this.#rows.setCommonGate(moved(this.#rows.commonGate));
    const row =
      this.#rows.find(key, plan) || (until === undefined ? 0 : this.#create(key, plan, moment));
    if (row !== 0) this.#rows.setGate(row, moved(this.#rows.gate(row)));
  }
}
