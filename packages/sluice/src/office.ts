/** What the verbs share: the ledger, those who wait, and what becomes of permits. */

import type { Clock } from "./clock.ts";
import { type AnyCost, type Costs, resolveActual } from "./costs.ts";
import {
  CostImpossibleError,
  LimiterClosedError,
  LimitExceededError,
  QueueFullError,
  WaitCancelledError,
} from "./errors.ts";
import type { Events } from "./events.ts";
import { capacityOf } from "./limits/algorithm.ts";
import { isHeld, NEVER } from "./limits/limit.ts";
import type { LimitsInput, Plan } from "./limits/plan.ts";
import { type LimiterOptions, type RawOptions, readPriority, type Settings } from "./options.ts";
import { type Denial, Grant, type PermitOwner, type Refusal, type TurnEnd } from "./permit.ts";
import { Plans } from "./plans.ts";
import { rankOf, remapCosts, type Waiter } from "./queue.ts";
import { memory } from "./stores/memory.ts";
import type { Answer, Ledger, View } from "./stores/store.ts";
import { show, toMicros } from "./time.ts";
import { bindingName, type Refused, refusalOf } from "./view.ts";
import { type Desk, Waiters } from "./waiters.ts";

export class Office implements PermitOwner, Desk {
  readonly plans: Plans;
  readonly ledger: Ledger<true>;
  readonly waiters: Waiters;
  readonly clock: Clock;
  readonly ageing: number;
  admitted = 0;
  refused = 0;
  dropped = 0;
  breached = false;
  closed = false;
  readonly #settings: Settings;
  readonly #events: Events;
  #turn: TurnEnd | undefined;
  #endOfTurn: (() => void) | undefined;

  constructor(
    limits: LimitsInput,
    options: LimiterOptions,
    settings: Settings,
    clock: Clock,
    events: Events,
  ) {
    this.clock = clock;
    this.ageing = settings.ageing;
    this.#settings = settings;
    this.#events = events;
    this.plans = new Plans(limits, settings.margin, { now: 0, wall: 0 }, options.limitsFor);
    this.waiters = new Waiters(this);
    this.ledger = (options.store ?? memory()).open({
      name: settings.name,
      clock,
      maxKeys: settings.maxKeys,
      start: settings.start,
      isWaited: (key) => this.waiters.queue(key) !== undefined,
      onFreed: () => this.waiters.wake(),
    });
  }

  /** Whether a verb must look twice before it asks. */
  get unusual(): boolean {
    return this.closed;
  }

  now(): number {
    return this.ledger.now();
  }

  acquire(key: string, plan: Plan, costs: Costs, options: RawOptions): Promise<Grant> {
    const { signal } = options;
    if (signal?.aborted) return Promise.reject(signal.reason);
    const priority = readPriority(options.priority);
    if (this.breached && this.waiters.size === 0) {
      return Promise.resolve(this.freePass(key, plan, costs));
    }
    let answer: Answer | undefined;
    if (!this.waiters.blocks(key, plan)) {
      const { ledger } = this;
      answer = ledger.reserve({
        key,
        plan,
        costs: [costs],
        maxWait: 0,
        since: undefined,
        deferred: true,
      });
      if (answer.admitted > 0) {
        return Promise.resolve(
          this.#permit(key, plan, costs, answer.instants[0]!, answer.tickets[0]!, 0),
        );
      }
    }
    return this.#wait(key, plan, costs, priority, options, answer);
  }

  #wait(
    key: string,
    plan: Plan,
    costs: Costs,
    priority: number,
    { signal, timeout }: RawOptions,
    answer: Answer | undefined,
  ): Promise<Grant> {
    const arrival = answer?.now ?? this.now();
    // A store may use the answer again before the newcomer has its place.
    const told = answer && { ...answer };
    let deadline = Number.POSITIVE_INFINITY;
    if (timeout !== undefined) {
      deadline = arrival + toMicros(timeout, "timeout", 0);
      const { view } = this.look(key, plan, costs, priority);
      if (!isHeld(view.forecast) && view.forecast > deadline) {
        const until = { now: view.now, until: view.forecast, rule: view.rule };
        return Promise.reject(this.#exceeded(this.#named(plan, until, view), "within the timeout"));
      }
    }
    if (this.waiters.size >= this.#settings.maxWaiting && !this.#makePlace(key, priority)) {
      return Promise.reject(this.#full(key));
    }
    return new Promise<Grant>((resolve) => {
      const waiter = this.waiters.add(key, plan, costs, arrival, priority, resolve, told);
      if (signal !== undefined && !waiter.settled) {
        const onAbort = (): void => this.#reject(waiter, signal.reason);
        signal.addEventListener("abort", onAbort, { once: true });
        waiter.extras = { detach: () => signal.removeEventListener("abort", onAbort) };
      }
      if (deadline !== Number.POSITIVE_INFINITY) this.waiters.setDeadline(waiter, deadline);
      if (this.#events.heard) this.#events.emit({ type: "wait", key, waiting: this.waiters.size });
    });
  }

  ask(key: string, plan: Plan, costs: Costs, since: number): Answer {
    return this.ledger.reserve({ key, plan, costs: [costs], maxWait: 0, since, deferred: true });
  }

  grant(waiter: Waiter, at: number, ticket: number): void {
    const { key, plan } = waiter.level.queue;
    const waited = Math.max(0, at - waiter.arrival);
    waiter.settle(this.#permit(key, plan, waiter.costs, at, ticket, waited));
  }

  letThrough(waiter: Waiter): void {
    const { key, plan } = waiter.level.queue;
    waiter.settle(this.freePass(key, plan, waiter.costs));
  }

  fail(waiter: Waiter, error: unknown): void {
    waiter.settle(Promise.reject(error));
  }

  expire(waiter: Waiter): void {
    const { key, plan } = waiter.level.queue;
    const { view } = this.look(key, plan, waiter.costs, waiter.level.priority);
    const refusal = this.#named(plan, { ...view, until: view.forecast }, view);
    this.#reject(waiter, this.#exceeded(refusal, "before the timeout"));
  }

  honour(waiter: Waiter): boolean {
    const { key, plan } = waiter.level.queue;
    const { at, ticket } = waiter.extras!.booked!;
    const free = plan.rules.map(() => 0);
    const ask = { key, plan, costs: [free], maxWait: 0, since: undefined, deferred: false };
    const gate = this.ledger.peek(ask, undefined);
    if (gate.until <= gate.now) {
      this.ledger.amend([{ kind: "resume", key, plan, at, taken: waiter.costs }]);
      return true;
    }
    this.unbook(key, plan, waiter.costs, at, ticket);
    this.#book(waiter);
    return false;
  }

  /** Books those who wait for a key, in order, so that a reservation comes after them. */
  bookWaiting(key: string): void {
    const queue = this.waiters.queue(key);
    if (!queue || queue.plan.hasConcurrency) return;
    if (queue.plan.rules.some(({ limit }) => limit.kind === "blocked")) return;
    for (const waiter of this.waiters.take(key)) this.#book(waiter);
  }

  #book(waiter: Waiter): void {
    const { key, plan } = waiter.level.queue;
    const ask = {
      key,
      plan,
      costs: [waiter.costs],
      maxWait: NEVER,
      since: undefined,
      deferred: false,
    };
    const answer = this.ledger.reserve(ask);
    this.waiters.book(waiter, answer.instants[0]!, answer.tickets[0]!);
  }

  /** Gives a booked instant back; false when it has come. */
  unbook(key: string, plan: Plan, taken: Costs, at: number, ticket: number): boolean {
    if (at <= this.now()) return false;
    const actual = plan.rules.map(() => 0);
    this.ledger.amend([{ kind: "cancel", key, plan, ticket, at, taken, actual }]);
    this.waiters.wake(key);
    return true;
  }

  settlePermit(permit: Grant, actual: AnyCost): void {
    const { key, plan, costs, ticket } = permit;
    const used = resolveActual(plan, actual, costs);
    if (ticket === 0) return;
    const at = permit.stamp;
    this.ledger.amend([{ kind: "settle", key, plan, ticket, at, taken: costs, actual: used }]);
    this.waiters.wake(key);
  }

  releasePermit({ key, plan, ticket }: Grant): void {
    if (ticket === 0 || this.closed) return;
    this.ledger.amend([{ kind: "release", key, plan, ticket }]);
    if (this.#events.heard) this.#events.emit({ type: "release", key, ticket });
    this.waiters.wake(key);
  }

  toEpoch(instant: number): number {
    return Math.ceil(this.clock.wall() + (instant - this.now()) / 1e3);
  }

  /** A permit that takes nothing. */
  freePass(key: string, plan: Plan, costs: Costs): Grant {
    this.admitted++;
    if (this.#events.heard) this.#events.emit({ type: "admit", key, waited: 0, ticket: 0 });
    return new Grant(this, key, plan, costs, this.now(), 0, 0, undefined);
  }

  look(
    key: string,
    plan: Plan,
    costs: Costs,
    priority = 0,
  ): { plan: Plan; view: View; ahead: Costs } {
    const ahead = this.waiters.queue(key)?.ahead(priority) ?? plan.rules.map(() => 0);
    const ask = { key, plan, costs: [costs], maxWait: 0, since: undefined, deferred: false };
    return { plan, view: this.ledger.peek(ask, ahead), ahead };
  }

  refusal(key: string, plan: Plan, costs: Costs, answer: Answer): Denial {
    const several = (plan.rules[answer.rule]?.names.length ?? 1) > 1;
    if (!several) return refusalOf(plan, answer);
    const { now, until, rule } = answer;
    return this.#named(plan, { now, until, rule }, this.look(key, plan, costs).view);
  }

  queuedRefusal(key: string, plan: Plan, costs: Costs): Denial {
    const { view } = this.look(key, plan, costs);
    return this.#named(plan, { now: view.now, until: view.forecast, rule: view.rule }, view);
  }

  pause(until: number, key: string | undefined): void {
    const plan = this.plans.of(key ?? "");
    this.ledger.amend([{ kind: "gate", key, plan, until }]);
    if (this.#events.heard) this.#events.emit({ type: "pause", key, until: this.toEpoch(until) });
  }

  breach(): void {
    this.breached = true;
    this.waiters.wake();
  }

  cancelWaiting(key: string | undefined, reason?: unknown): number {
    const error =
      reason ?? new WaitCancelledError("The wait was ended by cancelWaiting() or reset().");
    const waiting = this.waiters.all(key);
    for (const waiter of waiting) this.#reject(waiter, error);
    return waiting.length;
  }

  reset(key: string | undefined): void {
    this.cancelWaiting(key);
    this.ledger.amend([{ kind: "reset", key }]);
    if (key === undefined) this.breached = false;
    this.waiters.wake();
  }

  setLimits(limits: LimitsInput, key: string | undefined): void {
    this.plans.set(limits, { now: this.now(), wall: this.clock.wall() * 1e3 }, key);
    for (const queue of this.waiters.queues()) {
      const plan = this.plans.of(queue.key);
      const old = queue.plan;
      if (plan === old) continue;
      queue.replan(plan);
      for (const waiter of queue.all(this.ageing)) {
        waiter.costs = remapCosts(old, plan, waiter.costs);
        const rule = plan.rules.find(({ limit }, i) => waiter.costs[i]! > capacityOf(limit));
        if (rule) this.#reject(waiter, impossible(rule.names[0]!));
        else waiter.level.recount(waiter);
      }
    }
    this.waiters.wake();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    const error = new LimiterClosedError();
    for (const waiter of this.waiters.all(undefined)) this.#reject(waiter, error);
    this.waiters.close();
    this.#endOfTurn?.();
    this.ledger.close();
  }

  #permit(
    key: string,
    plan: Plan,
    costs: Costs,
    at: number,
    ticket: number,
    waited: number,
  ): Grant {
    this.admitted++;
    if (this.#events.heard) this.#events.emit({ type: "admit", key, waited: waited / 1e3, ticket });
    if (this.#turn === undefined) {
      this.#turn = { at: 0 };
      this.#endOfTurn = this.clock.setTimer(0, this.#onEndOfTurn, true);
    }
    return new Grant(this, key, plan, costs, at, ticket, waited, this.#turn);
  }

  readonly #onEndOfTurn = (): void => {
    const turn = this.#turn;
    this.#turn = undefined;
    this.#endOfTurn = undefined;
    const at = this.ledger.endTurn?.() ?? 0;
    if (turn) turn.at = at;
  };

  #reject(waiter: Waiter, reason: unknown): void {
    if (waiter.settled) return;
    const booked = waiter.extras?.booked;
    this.waiters.remove(waiter);
    if (booked) {
      const { key, plan } = waiter.level.queue;
      this.unbook(key, plan, waiter.costs, booked.at, booked.ticket);
    }
    waiter.settle(Promise.reject(reason));
  }

  /** Makes place for a newcomer by dropping another; false when the newcomer must go. */
  #makePlace(key: string, priority: number): boolean {
    const { overflow } = this.#settings;
    if (overflow === "reject") return false;
    let worst: Waiter | undefined;
    for (const waiter of this.waiters.all(undefined)) {
      const worse =
        worst === undefined ||
        (overflow === "drop-oldest"
          ? waiter.arrival < worst.arrival
          : waiter.level.priority < worst.level.priority ||
            (waiter.level.priority === worst.level.priority &&
              rankOf(waiter, this.ageing) > rankOf(worst, this.ageing)));
      if (worse) worst = waiter;
    }
    if (!worst || (overflow === "drop-lowest" && worst.level.priority >= priority)) return false;
    this.#reject(worst, this.#full(key));
    return true;
  }

  #full(key: string): QueueFullError {
    this.dropped++;
    if (this.#events.heard) this.#events.emit({ type: "drop", key, reason: "QUEUE_FULL" });
    return new QueueFullError(
      `${this.#settings.maxWaiting} callers wait already (maxWaiting); raise it, or slow down the callers.`,
    );
  }

  #named(plan: Plan, refused: Refused, view: View): Denial {
    const denial = refusalOf(plan, refused);
    if (refused.rule < 0) return denial;
    const name = bindingName(plan, refused.rule, view.rates[refused.rule]);
    return denial.limit === name ? denial : denial.renamed(name);
  }

  #exceeded(refusal: Refusal, when: string): LimitExceededError {
    this.refused++;
    const wait =
      refusal.retryAfter === undefined
        ? "until somebody releases"
        : `for at least ${refusal.retryAfter} ms`;
    return new LimitExceededError(refusal, `${show(refusal.limit)} has no room ${when}, ${wait}.`);
  }
}

function impossible(name: string): CostImpossibleError {
  return new CostImpossibleError(
    name,
    `the new limits can never hold what was waited for: ${show(name)} is too small for it.`,
  );
}
