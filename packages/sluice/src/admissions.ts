/** Permits: handed out, settled, released; and what refusals and looks say. */

import type { Clock } from "./clock.ts";
import { type AnyCost, type Costs, noCosts, resolveActual } from "./costs.ts";
import { LimitExceededError } from "./errors.ts";
import type { Events } from "./events.ts";
import { inOneProcess } from "./limits/adapted.ts";
import { isHeld } from "./limits/limit.ts";
import type { LimitsInput, Plan, Rule } from "./limits/plan.ts";
import type { LimiterOptions, Settings } from "./options.ts";
import { type Denial, Grant, type PermitOwner, type Refusal, type TurnEnd } from "./permit.ts";
import { Plans } from "./plans.ts";
import type { KeyQueue, Waiter } from "./queue.ts";
import { memory } from "./stores/memory.ts";
import { plansOf, unsaved } from "./snapshot.ts";
import { askFor, type Ledger, type SavedState, type View } from "./stores/store.ts";
import { hasSeveralNames, namedRefusal, refusalOf, type Refused } from "./view.ts";

/** Those who wait, as far as permits concern them. */
export interface Queues {
  queue(key: string): KeyQueue | undefined;
  /** Who stands before a newcomer with this key. */
  first(key: string): Waiter | undefined;
  /** Something was freed, for a key or for all. */
  wake(key?: string): void;
}

/** What `look` sees. */
export interface Sight {
  readonly plan: Plan;
  readonly view: View;
  /** The costs that queue before a newcomer. */
  readonly ahead: Costs;
}

export class Admissions implements PermitOwner {
  readonly plans: Plans;
  readonly ledger: Ledger<true>;
  readonly clock: Clock;
  readonly events: Events;
  admitted = 0;
  refused = 0;
  /** Everything is let through. */
  breached = false;
  closed = false;
  readonly #queues: Queues;
  /** The turn that is open: what is admitted in it is raised at its end. */
  #turn: TurnEnd | undefined;
  #endOfTurn: (() => void) | undefined;

  constructor(
    limits: LimitsInput,
    options: LimiterOptions<true>,
    settings: Settings,
    clock: Clock,
    events: Events,
    queues: Queues,
  ) {
    this.clock = clock;
    this.events = events;
    this.#queues = queues;
    const since = { now: 0, wall: 0 };
    this.plans = new Plans(limits, settings.margin, since, inOneProcess, options.limitsFor);
    this.ledger = (options.store ?? memory()).open({
      name: settings.name,
      clock,
      maxKeys: settings.maxKeys,
      start: settings.start,
      isWaited: (key) => queues.queue(key) !== undefined,
      onFreed: () => queues.wake(),
    });
  }

  /** Asks now or never. */
  attempt(key: string, plan: Plan, costs: Costs): Grant | Denial {
    const { ledger } = this;
    if (this.breached || ledger.attempt === undefined) {
      return this.attemptSince(key, plan, costs, undefined);
    }
    const verdict = ledger.attempt(key, plan, costs);
    return verdict.ticket === 0
      ? this.refusal(key, plan, costs, verdict)
      : this.admit(key, plan, costs, verdict.now, verdict.ticket, 0);
  }

  /** The same for one who has been there for a while. */
  attemptSince(key: string, plan: Plan, costs: Costs, since: number | undefined): Grant | Denial {
    if (this.breached) return this.freePass(key, plan, costs);
    const ask = { key, plan, costs: [costs], maxWait: 0, since, deferred: false };
    const answer = this.ledger.reserve(ask);
    if (answer.admitted === 0) return this.refusal(key, plan, costs, answer);
    const waited = since === undefined ? 0 : answer.now - since;
    return this.admit(key, plan, costs, answer.instants[0]!, answer.tickets[0]!, waited);
  }

  /** The permit of an admission, for a caller who goes on at once. */
  admit(key: string, plan: Plan, costs: Costs, at: number, ticket: number, waited: number): Grant {
    this.admitted++;
    if (this.events.heard) this.events.emit({ type: "admit", key, waited: waited / 1e3, ticket });
    return new Grant(this, key, plan, costs, at, ticket, waited, this.#turn);
  }

  /** A permit whose holder goes on after this turn. */
  deferred(
    key: string,
    plan: Plan,
    costs: Costs,
    at: number,
    ticket: number,
    waited: number,
  ): Grant {
    if (this.#turn === undefined) {
      this.#turn = { at: 0 };
      this.#endOfTurn = this.clock.setTimer(0, this.#onEndOfTurn, true);
    }
    return this.admit(key, plan, costs, at, ticket, waited);
  }

  readonly #onEndOfTurn = (): void => {
    const turn = this.#turn;
    this.#turn = undefined;
    this.#endOfTurn = undefined;
    const at = this.ledger.endTurn?.() ?? 0;
    if (turn) turn.at = at;
  };

  /** A permit that takes nothing. */
  freePass(key: string, plan: Plan, costs: Costs): Grant {
    return this.admit(key, plan, costs, this.ledger.now(), 0, 0);
  }

  /** Gives a booked instant back; false when it has come. */
  unbook(key: string, plan: Plan, taken: Costs, at: number, ticket: number): boolean {
    if (this.closed || at <= this.ledger.now()) return false;
    const actual = noCosts(plan);
    this.ledger.amend([{ kind: "cancel", key, plan, ticket, at, taken, actual }]);
    this.#queues.wake(key);
    return true;
  }

  settlePermit(permit: Grant, actual: AnyCost): void {
    const { key, plan, costs, ticket } = permit;
    const used = resolveActual(plan, actual, costs);
    if (ticket === 0 || this.closed) return;
    const at = permit.stamp;
    this.ledger.amend([{ kind: "settle", key, plan, ticket, at, taken: costs, actual: used }]);
    this.#queues.wake(key);
  }

  releasePermit({ key, plan, ticket }: Grant): void {
    if (ticket === 0 || this.closed || !plan.hasConcurrency) return;
    this.ledger.amend([{ kind: "release", key, plan, ticket }]);
    if (this.events.heard) this.events.emit({ type: "release", key, ticket });
    this.#queues.wake(key);
  }

  toEpoch(instant: number): number {
    return Math.ceil(this.clock.wall() + (instant - this.ledger.now()) / 1e3);
  }

  look(key: string, plan: Plan, costs: Costs, priority = 0): Sight {
    const ahead = this.#queues.queue(key)?.ahead(priority) ?? noCosts(plan);
    const ask = askFor(key, plan, [costs]);
    return { plan, view: this.ledger.peek(ask, ahead), ahead };
  }

  /** Hands a refusal out. */
  refuse(key: string, refusal: Denial): Denial {
    this.refused++;
    if (this.events.heard) this.events.emit({ type: "refuse", key, ...refusal });
    return refusal;
  }

  refusal(key: string, plan: Plan, costs: Costs, answer: Refused): Denial {
    if (!hasSeveralNames(plan, answer.rule)) return refusalOf(plan, answer);
    const { now, until, rule } = answer;
    return namedRefusal(plan, { now, until, rule }, this.look(key, plan, costs).view);
  }

  queuedRefusal(key: string, plan: Plan, costs: Costs): Denial {
    return this.forecastRefusal(key, plan, this.look(key, plan, costs).view);
  }

  /** A refusal because of those ahead: by what holds a newcomer back, else by what holds them. */
  forecastRefusal(key: string, plan: Plan, view: View): Denial {
    const { now, forecast: until } = view;
    if (view.rule >= 0 || view.until !== now) {
      return namedRefusal(plan, { now, until, rule: view.rule }, view);
    }
    const head = this.#queues.first(key);
    if (!head) return namedRefusal(plan, { now, until, rule: -1 }, view);
    const { queue } = head.level;
    const ahead = this.look(queue.key, queue.plan, head.costs).view;
    const isLater = isHeld(ahead.until) || ahead.until > until;
    const rule = queue.key === key ? ahead.rule : sharedAs(queue.plan.rules[ahead.rule], plan);
    return namedRefusal(plan, { now, until: isLater ? ahead.until : until, rule }, view);
  }

  save(): SavedState {
    return this.ledger.save?.() ?? unsaved();
  }

  load(state: SavedState): void {
    if (!this.ledger.load) unsaved();
    this.ledger.load(state, plansOf(state, this.plans));
  }

  pause(until: number, key: string | undefined): void {
    const plan = this.plans.of(key ?? "");
    this.ledger.amend([{ kind: "gate", key, plan, until }]);
    // Who stands in the line and cannot go now must not block those behind it.
    if (key !== undefined) this.#queues.wake(key);
    if (this.events.heard) this.events.emit({ type: "pause", key, until: this.toEpoch(until) });
  }

  close(): void {
    this.closed = true;
    this.#endOfTurn?.();
    this.ledger.close();
  }

  exceeded(refusal: Refusal, when: string): LimitExceededError {
    this.refused++;
    return new LimitExceededError(refusal, when);
  }
}

/** The rule under all keys that is the same as another plan's, or the first one. */
function sharedAs(other: Rule | undefined, { rules }: Plan): number {
  const same = rules.findIndex(({ shared, names }) => shared && names[0] === other?.names[0]);
  return same >= 0 ? same : rules.findIndex(({ shared }) => shared);
}
