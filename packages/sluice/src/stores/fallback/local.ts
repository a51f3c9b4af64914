/**
 * Decides in this process while the store fails, by what the user chose to hold then. What it says
 * is on the store's clock, as far as that is known, and its tickets are negative: so a permit tells
 * where it was made, and a resource that checks fencing numbers takes none of them for a newer one.
 */

import type { Clock } from "../../clock.ts";
import type { Costs } from "../../costs.ts";
import { type Earliest, isHeld, heldUntil, held, NEVER } from "../../limits/limit.ts";
import type { Plan } from "../../limits/plan.ts";
import { MemoryLedger } from "../memory/ledger.ts";
import type { Answer, Ask, Change, Ledger, Scope, View } from "../store.ts";
import { countOf, type InForce } from "./share.ts";

/** The ticket before the first; they rise, too. */
const FIRST = -(2 ** 52);

export function isLocal(ticket: number): boolean {
  return ticket < 0;
}

export class Local {
  readonly #adapt: (plan: Plan, inForce: InForce) => Plan;
  readonly #plans = new WeakMap<Plan, Plan>();
  readonly #ledger: Ledger<true>;
  readonly #clock: Clock;
  /** The store's clock minus that of the ledger. */
  readonly #offset: number;
  /** The latest instant that was promised here. */
  latest = 0;

  /**
   * @param ahead - Microseconds that the store's clock is ahead of this process's wall clock.
   * @param adapt - The limits that hold here.
   */
  constructor(scope: Scope, ahead: () => number, adapt: (plan: Plan, inForce: InForce) => Plan) {
    const { clock } = scope;
    this.#adapt = adapt;
    this.#clock = {
      now: () => clock.now(),
      exact: clock.exact ?? false,
      wall: () => clock.wall() + ahead() / 1e3,
      setTimer: (ms, wake, idle) => clock.setTimer(ms, wake, idle),
    };
    this.#ledger = new MemoryLedger({ ...scope, start: "full", clock: this.#clock });
    this.#offset = Math.round(this.#clock.wall() * 1e3) - this.#ledger.now();
  }

  get now(): number {
    return this.#ledger.now() + this.#offset;
  }

  reserve(ask: Ask): Answer {
    const { plan, notBefore = 0 } = ask;
    const answer = this.#ledger.reserve({
      ...ask,
      plan: this.#planFor(plan),
      notBefore: notBefore - this.#offset,
      since: ask.since === undefined ? undefined : ask.since - this.#offset,
    });
    const { admitted } = answer;
    const instants = answer.instants.slice(0, admitted).map((instant) => instant + this.#offset);
    this.latest = Math.max(this.latest, instants.at(-1) ?? 0);
    return {
      ...answer,
      now: answer.now + this.#offset,
      instants,
      tickets: answer.tickets.slice(0, admitted).map((ticket) => FIRST + ticket),
      until: this.#outward(answer.until),
      ownUntil: this.#outward(answer.ownUntil),
    };
  }

  peek(ask: Ask, ahead: Costs | undefined): View {
    const view = this.#ledger.peek({ ...ask, plan: this.#planFor(ask.plan) }, ahead);
    return {
      ...view,
      now: view.now + this.#offset,
      until: this.#outward(view.until),
      ownUntil: this.#outward(view.ownUntil),
      forecast: this.#outward(view.forecast),
      rates: this.#rates(ask.plan, view),
    };
  }

  /** What was made here, and gates and resets, which hold everywhere. */
  amend(changes: readonly Change[]): void {
    this.#ledger.amend(changes.flatMap((change) => this.#inward(change)));
  }

  close(): void {
    this.#ledger.close();
  }

  #inward(change: Change): Change[] {
    switch (change.kind) {
      case "settle":
      case "cancel":
      case "resume": {
        const at = change.at - this.#offset;
        return [{ ...change, plan: this.#planFor(change.plan), ticket: change.ticket - FIRST, at }];
      }
      case "release":
        return [{ ...change, plan: this.#planFor(change.plan), ticket: change.ticket - FIRST }];
      case "gate": {
        // By what the store's clock is known to be now, which may be more than at the opening.
        const wait = (change.until ?? 0) - Math.round(this.#clock.wall() * 1e3);
        const until = change.until === undefined ? undefined : this.#ledger.now() + wait;
        return [{ ...change, plan: this.#planFor(change.plan), until }];
      }
      case "reset":
        return [change];
      case "renew":
        return [];
    }
  }

  /** What is not this process's share looks used. */
  #rates(plan: Plan, view: View): View["rates"] {
    const own = this.#planFor(plan);
    return plan.rules.map(({ limit, names }, i) =>
      names.map((_, j) => {
        const { used, resetAt } = view.rates[i]![j] ?? view.rates[i]![0]!;
        const held = own.rules[i]!.limit;
        const others = held.kind === limit.kind ? countOf(limit, j) - countOf(held, j) : 0;
        return { used: used + (others || 0), resetAt: resetAt + this.#offset };
      }),
    );
  }

  #planFor(plan: Plan): Plan {
    let own = this.#plans.get(plan);
    if (!own) {
      const sinceWall = Math.round(this.#clock.wall() * 1e3);
      own = this.#adapt(plan, { since: this.#ledger.now(), sinceWall });
      this.#plans.set(plan, own);
    }
    return own;
  }

  #outward(until: Earliest): Earliest {
    if (until === NEVER) return NEVER;
    return isHeld(until) ? held(heldUntil(until) + this.#offset) : until + this.#offset;
  }
}
