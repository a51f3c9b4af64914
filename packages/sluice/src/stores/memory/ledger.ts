/** The memory store's decisions: one step, one clock reading, nothing written on refusal. */

import type { Clock } from "../../clock.ts";
import type { Costs } from "../../costs.ts";
import { KeysExhaustedError } from "../../errors.ts";
import { capacityOf, commitTo, earliestOf, raiseTo, refundTo } from "../../limits/algorithm.ts";
import * as slots from "../../limits/concurrency/concurrency.ts";
import { type Earliest, isHeld, later, type Moment, NEVER } from "../../limits/limit.ts";
import type { Plan, Rule } from "../../limits/plan.ts";
import { show } from "../../time.ts";
import type { Answer, Ask, Change, Ledger, SavedState, Scope, View } from "../store.ts";
import { Eviction } from "./eviction.ts";
import { Rows } from "./rows.ts";
import { loadRows, saveRows } from "./saved.ts";
import { Sweep } from "./sweep.ts";
import { Turn } from "./turn.ts";
import { viewOf } from "./view.ts";

/** The time of the decision at hand; one object, written anew for each. */
interface Now extends Moment {
  now: number;
  wall: number;
  since: number;
}

export class MemoryLedger implements Ledger<true> {
  readonly sync = true;
  readonly #clock: Clock;
  readonly #scope: Scope;
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
  /** The clock's last reading, and what was added to it because it went back. */
  #reading = 0;
  #lag = 0;
  #ticket = 0;
  #gate = 0;
  #ownUntil = 0;
  #rule = -1;

  constructor(scope: Scope) {
    this.#scope = scope;
    this.#clock = scope.clock;
    this.#reading = this.#clock.now();
    const opened = { now: this.#reading, wall: this.#clock.wall() * 1e3, since: this.#reading };
    this.#rows = new Rows(scope.start, opened);
    this.#sweep = new Sweep(scope, this.#rows, () => this.#tick(true));
  }

  now(): number {
    return this.#tick(false).now;
  }

  reserve(ask: Ask): Answer {
    const { plan, key, costs } = ask;
    const answer = this.#answer;
    const moment = this.#tick(plan.hasQuota);
    const { now } = moment;
    moment.since = ask.since ?? now;
    answer.now = now;
    answer.admitted = 0;
    const rows = this.#rows;
    const shared = plan.hasShared ? rows.shared(plan) : 0;
    let row = rows.find(key, plan);
    for (let i = 0; i < costs.length; i++) {
      const cost = costs[i]!;
      const until = this.#earliest(plan, row === 0 ? rows.blank(plan) : row, shared, cost, moment);
      if (!(until >= 0 && until <= now + ask.maxWait)) {
        answer.until = until;
        answer.ownUntil = this.#ownUntil;
        answer.rule = this.#rule;
        break;
      }
      if (row === 0) row = this.#create(key, plan);
      const ticket = ++this.#ticket;
      this.#commit(plan, row, shared, cost, until, ticket);
      if (ask.deferred || this.#turn.open) this.#turn.add(key, plan, cost, until);
      answer.instants[i] = until;
      answer.tickets[i] = ticket;
      answer.admitted = i + 1;
    }
    return answer;
  }

  amend(changes: readonly Change[]): void {
    const moment = this.#tick(true);
    moment.since = moment.now;
    for (const change of changes) this.#apply(change, moment);
  }

  peek(ask: Ask, ahead: Costs | undefined): View {
    const { plan, key } = ask;
    const moment = this.#tick(true);
    moment.since = moment.now;
    const shared = plan.hasShared ? this.#rows.shared(plan) : 0;
    const row = this.#rows.find(key, plan) || this.#rows.blank(plan);
    const cost = ask.costs[0]!;
    const until = this.#earliest(plan, row, shared, cost, moment);
    const view = { now: moment.now, until, ownUntil: this.#ownUntil, rule: this.#rule };
    return viewOf(this.#rows, plan, row, shared, cost, ahead, moment, view);
  }

  keys(): string[] {
    return Array.from(this.#rows.keys());
  }

  save(): SavedState {
    return saveRows(this.#rows, this.#tick(true), this.#gate);
  }

  load(state: SavedState, plans: ReadonlyMap<string, Plan>): void {
    this.#gate = loadRows(this.#rows, state, plans, this.#tick(true));
    this.#sweep.arm();
  }

  endTurn(): number {
    const moment = this.#tick(true);
    if (!this.#turn.open) return moment.now;
    // A clock that is rounded down: callers ran no later than one microsecond after it.
    if (!this.#clock.exact) moment.now += 1;
    this.#turn.close((key, plan, from, units, shared) => {
      const row = shared ? this.#rows.shared(plan) : this.#rows.find(key, plan);
      if (row === 0) return;
      for (let i = 0; i < plan.rules.length; i++) {
        const rule = plan.rules[i]!;
        if (rule.shared !== shared || units[i] === 0) continue;
        raiseTo(rule.limit, this.#rows.place(rule, row), { from, units: units[i]! }, moment);
      }
    });
    return moment.now;
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
    if (withWall) moment.wall = this.#clock.wall() * 1e3;
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
      const earliest = earliestOf(rule.limit, cells, base, units, moment);
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
    const { rules } = plan;
    for (let i = 0; i < rules.length; i++) {
      const units = cost[i]!;
      if (units === 0) continue;
      const rule = rules[i]!;
      const base = rows.roomy(rule, rule.shared ? shared : row, units, at);
      commitTo(rule.limit, rows.arena.cells, base, units, at, this.#moment, ticket);
    }
  }

  #create(key: string, plan: Plan): number {
    const { maxKeys } = this.#scope;
    if (this.#rows.size >= maxKeys) {
      this.#eviction ??= new Eviction(this.#rows, this.#scope.isWaited);
      const wall = this.#clock.wall() * 1e3;
      const moment = { now: this.#moment.now, wall, since: this.#moment.now };
      if (!this.#eviction.evict(moment)) {
        throw new KeysExhaustedError(
          `all ${maxKeys} keys (maxKeys) are refused, waited for or held right now, so the key ${show(key)} cannot be added; raise maxKeys, or forget() a key.`,
        );
      }
    }
    const row = this.#rows.create(key, plan);
    this.#eviction?.add(key);
    this.#sweep.arm();
    return row;
  }

  #apply(change: Change, moment: Now): void {
    switch (change.kind) {
      case "settle":
      case "cancel":
        return this.#settle(change, moment);
      case "release":
        return this.#eachSlot(change.key, change.plan, (rule, row) => {
          const { cells, base } = this.#rows.place(rule, row);
          if (rule.limit.kind === "concurrency") {
            slots.release(rule.limit, cells, base, change.ticket, moment.now);
          }
        });
      case "renew":
        return;
      case "resume":
        return this.#turn.add(change.key, change.plan, change.taken, change.at);
      case "gate":
        return this.#setGate(change.key, change.plan, change.until);
      case "reset":
        if (change.key !== undefined) return this.#rows.forget(change.key);
        for (const key of this.keys()) this.#rows.forget(key);
        this.#rows.forgetShared();
        this.#gate = 0;
    }
  }

  #eachSlot(key: string, plan: Plan, visit: (rule: Rule, row: number) => void): void {
    const row = this.#rows.any(key);
    for (const rule of row === 0 ? [] : this.#rows.planOf(row).rules) {
      if (!rule.shared && rule.limit.kind === "concurrency") visit(rule, row);
    }
    if (!this.#rows.hasShared()) return;
    const shared = this.#rows.shared(plan);
    for (const rule of this.#rows.planOf(shared).rules) {
      if (rule.shared && rule.limit.kind === "concurrency") visit(rule, shared);
    }
  }

  #settle(change: Extract<Change, { kind: "settle" | "cancel" }>, moment: Now): void {
    const { plan, taken, actual, at, ticket } = change;
    const row = this.#rows.find(change.key, plan);
    const shared = plan.hasShared ? this.#rows.shared(plan) : 0;
    plan.rules.forEach((rule, i) => {
      const cost = taken[i]!;
      const units = cost - actual[i]!;
      const home = rule.shared ? shared : row;
      if (units > 0 && home !== 0) {
        const cancelled = change.kind === "cancel";
        const surplus = { units, cost, at, ticket, cancelled };
        refundTo(rule.limit, this.#rows.place(rule, home), surplus, moment);
      } else if (units < 0) {
        this.#charge(rule, home || this.#create(change.key, plan), -units, moment);
      }
    });
  }

  /** Takes the rest at its own earliest instant, in pieces that the limit can hold. */
  #charge(rule: Rule, row: number, units: number, moment: Moment): void {
    const { limit } = rule;
    if (limit.kind === "concurrency") return;
    const piece = limit.kind === "pace" ? units : capacityOf(limit);
    for (let left = units; left > 0; left -= piece) {
      const cost = Math.min(left, piece);
      const { cells, base } = this.#rows.place(rule, row);
      const at = earliestOf(limit, cells, base, cost, moment);
      const instant = at === NEVER || isHeld(at) ? moment.now : at;
      const roomy = this.#rows.roomy(rule, row, cost, instant);
      commitTo(limit, this.#rows.arena.cells, roomy, cost, instant, moment, 0);
    }
  }

  #setGate(key: string | undefined, plan: Plan, until: number | undefined): void {
    const later = (old: number): number => (until === undefined ? 0 : Math.max(old, until));
    if (key === undefined) {
      this.#gate = later(this.#gate);
      return;
    }
    const row = this.#rows.find(key, plan) || (until === undefined ? 0 : this.#create(key, plan));
    if (row !== 0) this.#rows.setGate(row, later(this.#rows.gate(row)));
  }
}
