/** The memory store's decisions: one step, one clock reading, nothing written on refusal. */

import type { Clock } from "../../clock.ts";
import type { Costs } from "../../costs.ts";
import { KeysExhaustedError } from "../../errors.ts";
import { commitBy, earliestBy } from "../../limits/algorithm.ts";
import * as slots from "../../limits/concurrency/concurrency.ts";
import { type Earliest, later, type Moment, NEVER } from "../../limits/limit.ts";
import type { Plan } from "../../limits/plan.ts";
import { show } from "../../time.ts";
import type { Answer, Ask, Change, Ledger, SavedState, Scope, View } from "../store.ts";
import { Eviction } from "./eviction.ts";
import { Resets } from "./resets.ts";
import { Rows } from "./rows.ts";
import { loadRows, saveRows } from "./saved.ts";
import { settle } from "./settle.ts";
import { Sweep } from "./sweep.ts";
import { Turn } from "./turn.ts";
import { viewOf } from "./view.ts";

/** The clock's first reading becomes this: states saved long before it have room below. */
const ORIGIN = 2 ** 50;

const NONE: readonly number[] = [];

type Now = { -readonly [K in keyof Moment]: Moment[K] };

export class MemoryLedger implements Ledger<true> {
  readonly sync = true;
  readonly #clock: Clock;
  readonly #scope: Scope;
  /** The time of the decision at hand; one object, written anew for each. */
  readonly #moment: Now = { now: 0, wall: 0, since: 0 };
  readonly #answer: Answer = {
    now: 0,
    admitted: 0,
    instants: [],
    tickets: [],
    until: 0,
    ownUntil: 0,
    rule: -1,
  };
  readonly #rows: Rows;
  readonly #sweep: Sweep;
  readonly #turn = new Turn();
  #eviction: Eviction | undefined;
  readonly #resets = new Resets();
  /** The clock's last reading, and what was added to it because it went back. */
  #reading = 0;
  #lag = 0;
  #ticket = 0;
  #gate = 0;
  #ownUntil = 0;
  #rule = -1;
  /** Whether the wall clock is looked at: any plan seen has a quota. */
  #hasQuota = false;

  constructor(scope: Scope) {
    this.#scope = scope;
    this.#clock = scope.clock;
    this.#reading = this.#clock.now();
    this.#lag = ORIGIN - this.#reading;
    const opened = { now: ORIGIN, wall: Math.round(this.#clock.wall() * 1e3), since: ORIGIN };
    this.#rows = new Rows(scope.start, opened);
    this.#sweep = new Sweep(scope, this.#rows, () => this.#tick(true));
  }

  now(): number {
    return this.#tick(false).now;
  }

  reserve(ask: Ask): Answer {
    const { plan, key, costs } = ask;
    const answer = this.#answer;
    if (plan.hasQuota) this.#hasQuota = true;
    const moment = this.#tick(plan.hasQuota);
    const { now } = moment;
    if (this.#turn.open) this.#raiseBefore(key, plan, moment);
    moment.since = ask.since ?? now;
    answer.now = now;
    answer.admitted = 0;
    const rows = this.#rows;
    let shared = plan.hasShared ? rows.seenShared(plan) : 0;
    let row = rows.find(key, plan);
    let least = ask.notBefore ?? 0;
    for (let i = 0; i < costs.length; i++) {
      const cost = costs[i]!;
      let until = this.#earliest(plan, row === 0 ? rows.blank(plan) : row, shared, cost, moment);
      if (until >= 0 && until < least) until = least;
      else least = until;
      if (!(until >= 0 && until <= now + ask.maxWait) || until === NEVER) {
        answer.until = until;
        answer.ownUntil = this.#ownUntil;
        answer.rule = this.#rule;
        break;
      }
      if (row === 0) row = this.#create(key, plan);
      // An eviction may have moved all rows.
      if (plan.hasShared) shared = rows.shared(plan);
      const ticket = ++this.#ticket;
      this.#commit(plan, row, shared, cost, until + (ask.grace ?? 0), ticket);
      if ((ask.deferred || this.#turn.open) && until <= now) {
        this.#turn.add(key, plan, cost, until, ticket);
      }
      answer.instants[i] = until;
      answer.tickets[i] = ticket;
      answer.admitted = i + 1;
    }
    return answer;
  }

  amend(changes: readonly Change[]): readonly number[] {
    const moment = this.#tick(this.#hasQuota);
    moment.since = moment.now;
    for (const change of changes) {
      this.#apply(change, moment);
      if (change.key !== undefined) this.#eviction?.touch(change.key);
    }
    return NONE;
  }

  peek(ask: Ask, ahead: Costs | undefined): View {
    const { plan, key } = ask;
    const moment = this.#tick(true);
    moment.since = moment.now;
    const shared = plan.hasShared ? this.#rows.seenShared(plan) : 0;
    const row = this.#rows.find(key, plan) || this.#rows.blank(plan);
    const [cost] = ask.costs as [Costs];
    const until = this.#earliest(plan, row, shared, cost, moment);
    const view = { now: moment.now, until, ownUntil: this.#ownUntil, rule: this.#rule };
    return viewOf(this.#rows, plan, row, shared, cost, ahead, moment, view);
  }

  keys(): string[] {
    return [...this.#rows.keys()];
  }

  save(): SavedState {
    return saveRows(this.#rows, this.#tick(true), this.#gate);
  }

  load(state: SavedState, plans: ReadonlyMap<string, Plan>): void {
    this.#reset(undefined);
    this.#gate = loadRows(this.#rows, state, plans, this.#tick(true));
    this.#sweep.arm();
  }

  endTurn(): number {
    const moment = this.#tick(true);
    if (!this.#turn.open) return moment.now;
    // A clock that is rounded down: callers ran no later than one microsecond after it.
    if (!this.#clock.exact) moment.now += 1;
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

  /** Reads the clock; one that goes back is taken to stand still and then to go on from there. */
  #tick(withWall: boolean): Now {
    const reading = this.#clock.now();
    if (reading < this.#reading) this.#lag += this.#reading - reading;
    this.#reading = reading;
    const moment = this.#moment;
    moment.now = reading + this.#lag;
    if (withWall) moment.wall = Math.round(this.#clock.wall() * 1e3);
    return moment;
  }

  /** The maximum over all limits and gates; notes what the key's own say, and which one binds. */
  #earliest(plan: Plan, row: number, shared: number, cost: Costs, moment: Moment): Earliest {
    const rows = this.#rows;
    const { rules } = plan;
    const { now } = moment;
    const gate = rows.gate(row);
    let own: Earliest = gate > now ? gate : now;
    let all: Earliest = this.#gate > own ? this.#gate : own;
    this.#rule = -1;
    for (let i = 0; i < rules.length; i++) {
      const units = cost[i]!;
      if (units === 0) continue;
      const rule = rules[i]!;
      const home = rule.shared ? shared : row;
      const { cells } = rows.arena;
      const base = rule.grows ? cells[home + rule.offset]! : home + rule.offset;
      const earliest = earliestBy(rule.kind, rule.limit, cells, base, units, moment);
      if (earliest >= 0 && earliest <= now) continue;
      const both = later(all, earliest);
      if (both !== all) this.#rule = i;
      all = both;
      if (!rule.shared) own = later(own, earliest);
    }
    this.#ownUntil = own;
    return all;
  }

  #commit(plan: Plan, row: number, shared: number, cost: Costs, at: number, ticket: number): void {
    const rows = this.#rows;
    for (let i = 0; i < plan.rules.length; i++) {
      const units = cost[i]!;
      if (units === 0) continue;
      const rule = plan.rules[i]!;
      const home = rule.shared ? shared : row;
      const base = rule.grows
        ? rows.roomy(rule, home, units, this.#moment.now)
        : home + rule.offset;
      commitBy(rule.kind, rule.limit, rows.arena.cells, base, units, at, this.#moment, ticket);
    }
  }

  #create(key: string, plan: Plan): number {
    const { maxKeys } = this.#scope;
    if (this.#rows.size >= maxKeys) {
      this.#eviction ??= new Eviction(this.#rows, this.#scope.isWaited);
      const moment = { ...this.#moment, wall: Math.round(this.#clock.wall() * 1e3) };
      if (!this.#eviction.evict(moment)) {
        throw new KeysExhaustedError(
          `all ${maxKeys} keys (maxKeys) are refused, waited for or held right now, so the key ${show(key)} cannot be added; raise maxKeys, or forget() a key.`,
        );
      }
    }
    const row = this.#rows.create(key, plan);
    this.#eviction?.touch(key);
    this.#sweep.arm();
    return row;
  }

  #apply(change: Change, moment: Now): void {
    switch (change.kind) {
      case "settle":
      case "cancel":
        if (change.ticket <= this.#resets.upTo(change.key)) return;
        return settle(this.#rows, this.#turn, change, moment, () =>
          this.#create(change.key, change.plan),
        );
      case "release":
        this.#release(this.#rows.any(change.key), false, change.ticket, moment.now);
        return this.#release(this.#rows.sharedRow, true, change.ticket, moment.now);
      case "resume":
        return this.#turn.add(change.key, change.plan, change.taken, change.at, change.ticket);
      case "gate":
        return this.#setGate(change.key, change.plan, change.until);
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
    this.#gate = 0;
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

  #setGate(key: string | undefined, plan: Plan, until: number | undefined): void {
    const moved = (old: number): number => (until === undefined ? 0 : Math.max(old, until));
    if (key === undefined) return void (this.#gate = moved(this.#gate));
    const row = this.#rows.find(key, plan) || (until === undefined ? 0 : this.#create(key, plan));
    if (row !== 0) this.#rows.setGate(row, moved(this.#rows.gate(row)));
  }
}
