/** What a ledger should answer, from nothing but the pure functions: a state of its own per rule and key. */

import type { Costs } from "../../src/costs.ts";
import { capacityOf } from "../../src/limits/algorithm.ts";
import { type Earliest, heldUntil, isHeld, type Moment, NEVER } from "../../src/limits/limit.ts";
import type { Plan, Rule } from "../../src/limits/plan.ts";
import { GrowingState } from "./growing-state.ts";
import { momentAt } from "./history.ts";

/** What is asked of the twin. */
export interface TwinAsk {
  readonly key: string;
  readonly costs: readonly Costs[];
  readonly now: number;
  readonly since: number;
  readonly maxWait: number;
}

export interface TwinAnswer {
  readonly instants: number[];
  readonly tickets: number[];
  /** When the first that was refused would fit. */
  until?: Earliest;
}

/** An admission that something is done to. */
export interface TwinPass {
  readonly key: string;
  readonly costs: Costs;
  readonly at: number;
  readonly ticket: number;
}

export class PureTwin {
  #plan: Plan;
  readonly #wallOffset: number;
  /** The moment from which a cold key counts as used up; absent when it starts full. */
  readonly #used: Moment | undefined;
  readonly #keys = new Map<string, GrowingState[]>();
  /** By rule, of the last plan that had any; absent until something passes. */
  #shared: GrowingState[] | undefined;
  #sharedRules: readonly Rule[];
  readonly #gates = new Map<string | undefined, number>();
  #ticket = 0;

  constructor(plan: Plan, wallOffset: number, used?: number) {
    this.#plan = plan;
    this.#sharedRules = plan.rules;
    this.#wallOffset = wallOffset;
    this.#used = used === undefined ? undefined : momentAt(used, wallOffset);
  }

  reserve({ key, costs, now, since, maxWait }: TwinAsk): TwinAnswer {
    const answer: TwinAnswer = { instants: [], tickets: [] };
    const moment = momentAt(now, this.#wallOffset, since);
    const shared = this.#shared ?? this.#cold();
    let least = 0;
    for (const cost of costs) {
      const states = this.#keys.get(key) ?? this.#cold();
      const earliest = this.#earliest(key, [states, shared], cost, moment);
      // Within one ask nobody is overtaken.
      const until = isHeld(earliest) ? earliest : Math.max(earliest, least);
      least = until;
      if (isHeld(until) || until > now + maxWait || until === NEVER) {
        answer.until = until;
        break;
      }
      this.#keys.set(key, states);
      if (this.#plan.hasShared) this.#shared = shared;
      const ticket = ++this.#ticket;
      this.#each(key, cost, (state, units) => state.commit(units, until, moment, ticket));
      answer.instants.push(until);
      answer.tickets.push(ticket);
    }
    return answer;
  }

  /** The caller that was admitted runs now at the latest. */
  raise(pass: TwinPass, now: number): void {
    const moment = momentAt(now, this.#wallOffset);
    this.#each(pass.key, pass.costs, (state, units) => state.raise(pass.at, units, moment));
  }

  settle(pass: TwinPass, actual: Costs, now: number): void {
    const moment = momentAt(now, this.#wallOffset);
    const all = this.#plan.rules.map(() => 1);
    this.#each(pass.key, all, (state, _, i) => {
      const cost = pass.costs[i]!;
      const units = cost - actual[i]!;
      if (units > 0) state.refund(units, cost, pass.at, moment, pass.ticket);
      else if (units < 0 && state.limit.kind !== "concurrency") charge(state, -units, moment);
    });
  }

  release(pass: TwinPass, now: number): void {
    const moment = momentAt(now, this.#wallOffset);
    this.#each(pass.key, pass.costs, (state, units) => {
      if (state.limit.kind === "concurrency") state.refund(units, units, 0, moment, pass.ticket);
    });
  }

  gate(key: string | undefined, until: number): void {
    const old = this.#gates.get(key) ?? 0;
    this.#gates.set(key, until === 0 ? 0 : Math.max(old, until));
    // The gate of a key is kept with its states.
    if (key !== undefined && until !== 0 && !this.#keys.has(key)) this.#keys.set(key, this.#cold());
  }

  reset(key: string): void {
    this.#keys.delete(key);
    this.#gates.delete(key);
  }

  /** The keys that were admitted something and not reset. */
  get keys(): string[] {
    return [...this.#keys.keys()];
  }

  /** From `plan.since` on other limits hold: rules continue those of the same name, scope and kind. */
  setPlan(plan: Plan): void {
    const moment = momentAt(plan.since, this.#wallOffset);
    const unknown = !this.#plan.hasShared && !this.#shared && this.#hasState(moment);
    for (const [key, states] of this.#keys) {
      this.#keys.set(key, moveStates(this.#plan.rules, states, plan.rules, false, moment));
    }
    this.#plan = plan;
    if (!plan.hasShared) return;
    // What all keys share stays as it was while no limit asks for it.
    if (this.#shared) {
      this.#shared = moveStates(this.#sharedRules, this.#shared, plan.rules, true, moment);
    } else if (unknown) {
      // What the keys took together is not known.
      this.#shared = this.#cold();
      for (const state of this.#shared) state.startUsed(moment);
    }
    this.#sharedRules = plan.rules;
  }

  #hasState(moment: Moment): boolean {
    return [...this.#keys.values()].some((states) =>
      states.some((state) => state.idleFrom(moment) > moment.now),
    );
  }

  #earliest(key: string, homes: GrowingState[][], cost: Costs, moment: Moment): Earliest {
    const gate = Math.max(this.#gates.get(key) ?? 0, this.#gates.get(undefined) ?? 0);
    const answers = this.#plan.rules.flatMap((rule, i) =>
      cost[i] === 0 ? [] : [homes[rule.shared ? 1 : 0]![i]!.earliest(cost[i]!, moment)],
    );
    if (answers.includes(NEVER)) return NEVER;
    const instants = answers.map((each) => (isHeld(each) ? heldUntil(each) : each));
    const latest = Math.max(moment.now, gate, ...instants);
    return answers.some(isHeld) ? -1 - latest : latest;
  }

  #each(
    key: string,
    costs: Costs,
    visit: (state: GrowingState, units: number, i: number) => void,
  ): void {
    const states = this.#keys.get(key) ?? this.#cold();
    this.#plan.rules.forEach((rule, i) => {
      const state = (rule.shared ? this.#shared! : states)[i]!;
      if (costs[i] !== 0) visit(state, costs[i]!, i);
    });
  }

  #cold(): GrowingState[] {
    return this.#plan.rules.map((rule) => this.#coldOf(rule));
  }

  #coldOf({ limit }: Rule): GrowingState {
    const state = new GrowingState(limit);
    if (this.#used) state.startUsed(this.#used);
    return state;
  }
}

/** More was used than was asked for: the rest, in pieces, each at its own earliest instant. */
function charge(state: GrowingState, units: number, moment: Moment): void {
  const piece = state.limit.kind === "pace" ? units : capacityOf(state.limit);
  for (let left = units; left > 0; left -= piece) {
    const cost = Math.min(left, piece);
    const earliest = state.earliest(cost, moment);
    state.commit(cost, earliest === NEVER ? moment.now : earliest, moment, 0);
  }
}

/** The states of a scope under new rules; those of the other scope are not looked at. */
function moveStates(
  old: readonly Rule[],
  states: readonly GrowingState[],
  rules: readonly Rule[],
  shared: boolean,
  moment: Moment,
): GrowingState[] {
  return rules.map((rule) => {
    const made = new GrowingState(rule.limit);
    if (rule.shared !== shared) return made;
    const twin = old.findIndex(
      (each) =>
        each.costName === rule.costName && each.shared === shared && family(each) === family(rule),
    );
    if (twin >= 0) return states[twin]!.migrate(rule.limit, moment);
    made.startUsed(moment);
    return made;
  });
}

function family({ limit }: Rule): string {
  return limit.kind === "parts" ? "window" : limit.kind;
}
