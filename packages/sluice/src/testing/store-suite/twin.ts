/**
 * What a ledger should answer, from nothing but the pure functions: law 8. It has no clock; every
 * call is told the `now` that the store's own answer carries.
 */

import type { Costs } from "../../costs.ts";
import {
  type AnyLimit,
  DEFAULT_LEASE,
  type Earliest,
  later,
  type Moment,
  NEVER,
} from "../../limits/limit.ts";
import type { Plan } from "../../limits/plan.ts";
import type { RuleView } from "../../stores/store.ts";
import type { Admitted } from "./budget.ts";
import { TwinState } from "./twin-state.ts";

export interface TwinOptions {
  /** What has to be added to instants for microseconds since the epoch. */
  readonly wallOffset: number;
  /** Whether slots have leases. */
  readonly leases: boolean;
  /** The instant from which cold keys count as used up; absent when they start full. */
  readonly used: number | undefined;
}

export interface TwinAsk {
  readonly key: string;
  readonly costs: readonly Costs[];
  readonly maxWait: number;
  readonly since: number | undefined;
  readonly notBefore: number;
}

export interface TwinAnswer {
  readonly instants: number[];
  /** For the first that was refused. */
  until?: Earliest;
  ownUntil?: Earliest;
}

export class Twin {
  readonly #plan: Plan;
  readonly #options: TwinOptions;
  readonly #keys = new Map<string, TwinState[]>();
  #shared: TwinState[];
  readonly #gates = new Map<string | undefined, number>();

  constructor(plan: Plan, options: TwinOptions) {
    this.#plan = plan;
    this.#options = options;
    this.#shared = this.#cold();
  }

  /** `ticketOf` names the i-th admission as the store did. */
  reserve(ask: TwinAsk, now: number, ticketOf: (i: number) => number): TwinAnswer {
    const answer: TwinAnswer = { instants: [] };
    const moment = this.#moment(now, ask.since);
    let least = ask.notBefore;
    for (const [i, cost] of ask.costs.entries()) {
      const { all: earliest, own } = this.earliest(ask.key, cost, moment);
      const all = earliest >= 0 && earliest < least ? least : earliest;
      least = all;
      if (!(all >= 0 && all <= now + ask.maxWait) || all === NEVER) {
        return { ...answer, until: all, ownUntil: own };
      }
      const ticket = ticketOf(i);
      this.#each(ask.key, cost, (state, units) => state.commit(units, all, moment, ticket));
      answer.instants.push(all);
    }
    return answer;
  }

  settle(admitted: Admitted, actual: Costs, now: number): void {
    const { key, plan, costs, at, ticket } = admitted;
    const moment = this.#moment(now);
    const every = plan.rules.map(() => 1);
    this.#each(key, every, (state, _, i) =>
      state.settle(costs[i]!, actual[i]!, at, moment, ticket),
    );
  }

  release({ key, costs, ticket }: Admitted, now: number): void {
    const moment = this.#moment(now);
    this.#each(key, costs, (state, units) => {
      if (state.limit.kind === "concurrency") state.settle(units, 0, 0, moment, ticket);
    });
  }

  gate(key: string | undefined, until: number | undefined): void {
    const old = this.#gates.get(key) ?? 0;
    this.#gates.set(key, until === undefined ? 0 : Math.max(old, until));
  }

  reset(key: string): void {
    this.#keys.delete(key);
    this.#gates.delete(key);
  }

  views(key: string, now: number): RuleView[][] {
    const moment = this.#moment(now);
    const own = this.#keys.get(key) ?? this.#cold();
    return this.#plan.rules.map(({ shared }, i) => (shared ? this.#shared : own)[i]!.views(moment));
  }

  /** When a cost would pass, and by the key's own limits alone. */
  earliest(key: string, cost: Costs, moment: Moment): { all: Earliest; own: Earliest } {
    const states = this.#keys.get(key) ?? this.#cold();
    let own: Earliest = Math.max(moment.now, this.#gates.get(key) ?? 0);
    let all: Earliest = Math.max(own, this.#gates.get(undefined) ?? 0);
    for (const [i, { shared }] of this.#plan.rules.entries()) {
      if (cost[i] === 0) continue;
      const earliest = (shared ? this.#shared : states)[i]!.earliest(cost[i]!, moment);
      // A late waiter may be committed a little before now; nothing passes before it.
      if (earliest >= 0 && earliest <= moment.now) continue;
      all = later(all, earliest);
      if (!shared) own = later(own, earliest);
    }
    return { all, own };
  }

  momentOf(now: number): Moment {
    return this.#moment(now);
  }

  #moment(now: number, since = now): Moment {
    return { now, wall: now + this.#options.wallOffset, since };
  }

  #each(
    key: string,
    costs: Costs,
    visit: (state: TwinState, units: number, i: number) => void,
  ): void {
    let states = this.#keys.get(key);
    if (!states) this.#keys.set(key, (states = this.#cold()));
    for (const [i, { shared }] of this.#plan.rules.entries()) {
      if (costs[i] !== 0) visit((shared ? this.#shared : states)[i]!, costs[i]!, i);
    }
  }

  #cold(): TwinState[] {
    const { used, leases } = this.#options;
    return this.#plan.rules.map(({ limit }) => {
      const state = new TwinState(leases ? leased(limit) : limit);
      if (used !== undefined) state.startUsed(this.#moment(used));
      return state;
    });
  }
}

/** Slots in a shared store always have a lease. */
function leased(limit: AnyLimit): AnyLimit {
  return limit.kind === "concurrency" && limit.lease === 0
    ? { ...limit, lease: DEFAULT_LEASE }
    : limit;
}
