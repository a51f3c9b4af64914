/** Waiting: who queues, who is booked, who is dropped, and how each wait ends. */

import type { Admissions } from "./admissions.ts";
import type { Clock } from "./clock.ts";
import { type Costs, impossibleNow } from "./costs.ts";
import type { Desk } from "./desk.ts";
import { LimiterClosedError, QueueFullError, WaitCancelledError } from "./errors.ts";
import { capacityOf } from "./limits/algorithm.ts";
import { isHeld, NEVER } from "./limits/limit.ts";
import type { Plan } from "./limits/plan.ts";
import { type RawOptions, readPriority, type Settings } from "./options.ts";
import type { Grant } from "./permit.ts";
import { whoMakesPlace } from "./overflow.ts";
import type { Waiter } from "./queue.ts";
import { Signals } from "./signals.ts";
import { type Answer, askFor } from "./stores/store.ts";
import { toMicros } from "./time.ts";
import { Waiters } from "./waiters.ts";

/** How late a booked waiter may wake; later, it gives its instant up and is booked anew. */
const GRACE = 20_000;

/** What settles the promise that is being made: one function for all, not one for each promise. */
let resolveOfNew: Waiter["settle"] | undefined;
const keepResolve = (resolve: Waiter["settle"]): void => {
  resolveOfNew = resolve;
};

export class Waiting implements Desk {
  readonly waiters: Waiters;
  readonly ageing: number;
  readonly clock: Clock;
  /** Rejected or dropped because of `maxWaiting`. */
  dropped = 0;
  readonly #settings: Settings;
  readonly #admissions: () => Admissions;
  readonly #signals = new Signals();

  constructor(settings: Settings, clock: Clock, admissions: () => Admissions) {
    this.ageing = settings.ageing;
    this.clock = clock;
    this.#settings = settings;
    this.#admissions = admissions;
    this.waiters = new Waiters(this, settings.ageing);
  }

  get breached(): boolean {
    return this.#admissions().breached;
  }

  now(): number {
    return this.#admissions().ledger.now();
  }

  acquire(key: string, plan: Plan, costs: Costs, options: RawOptions): Promise<Grant> {
    const { signal } = options;
    if (signal?.aborted) return Promise.reject(signal.reason);
    const priority = readPriority(options.priority);
    const admissions = this.#admissions();
    if (this.breached && !this.waiters.queue(key)) {
      return Promise.resolve(admissions.freePass(key, plan, costs));
    }
    let answer: Answer | undefined;
    if (!this.waiters.blocks(key, plan, costs)) {
      answer = this.ask(key, plan, [costs], undefined);
      if (answer.admitted > 0) {
        const [at, ticket] = [answer.instants[0]!, answer.tickets[0]!];
        return Promise.resolve(admissions.deferred(key, plan, costs, at, ticket, 0));
      }
    }
    return this.#wait({ key, plan, priority }, costs, options, answer);
  }

  #wait(
    queue: { readonly key: string; readonly plan: Plan; readonly priority: number },
    costs: Costs,
    { signal, timeout }: RawOptions,
    answer: Answer | undefined,
  ): Promise<Grant> {
    const { key, plan, priority } = queue;
    const admissions = this.#admissions();
    const arrival = answer?.now ?? this.now();
    // A store may use the answer again before the newcomer has its place.
    const told = answer && { ...answer };
    let deadline = Number.POSITIVE_INFINITY;
    if (timeout !== undefined) {
      deadline = arrival + toMicros(timeout, "timeout", 0);
      const { view } = admissions.look(key, plan, costs, priority);
      if (!isHeld(view.forecast) && view.forecast > deadline) {
        return Promise.reject(
          admissions.exceeded(admissions.forecastRefusal(key, plan, view), "within the timeout"),
        );
      }
    }
    if (this.waiters.size >= this.#settings.maxWaiting && !this.#makePlace(key, priority)) {
      return Promise.reject(this.#full(key));
    }
    const promise = new Promise<Grant>(keepResolve);
    const resolve = resolveOfNew!;
    resolveOfNew = undefined;
    const waiter = this.waiters.add(queue, costs, arrival, resolve, told);
    if (signal !== undefined && !waiter.settled) this.#watch(waiter, signal);
    if (deadline !== Number.POSITIVE_INFINITY && !waiter.settled) {
      this.waiters.setDeadline(waiter, deadline);
    }
    const { events } = admissions;
    if (events.heard) events.emit({ type: "wait", key, waiting: this.waiters.size });
    return promise;
  }

  #watch(waiter: Waiter, signal: AbortSignal): void {
    const onAbort = (): void => this.#reject(waiter, signal.reason);
    waiter.extras = { detach: this.#signals.watch(signal, onAbort) };
  }

  ask(key: string, plan: Plan, costs: readonly Costs[], since: number | undefined): Answer {
    const ask = { key, plan, costs, maxWait: 0, since, deferred: true };
    return this.#admissions().ledger.reserve(ask);
  }

  grant(waiter: Waiter, plan: Plan, at: number, ticket: number, ran: number = at): void {
    const { key } = waiter.level.queue;
    const waited = Math.max(0, ran - waiter.arrival);
    waiter.settle(this.#admissions().deferred(key, plan, waiter.costs, at, ticket, waited));
  }

  letThrough(waiter: Waiter): void {
    const { key, plan } = waiter.level.queue;
    waiter.settle(this.#admissions().freePass(key, plan, waiter.costs));
  }

  fail(waiter: Waiter, error: unknown): void {
    waiter.settle(Promise.reject(error));
  }

  expire(waiter: Waiter): void {
    const { key, plan } = waiter.level.queue;
    const admissions = this.#admissions();
    const { view } = admissions.look(key, plan, waiter.costs, waiter.level.priority);
    const refusal = admissions.forecastRefusal(key, plan, view);
    this.#reject(waiter, admissions.exceeded(refusal, "before the timeout"));
  }

  honour(waiter: Waiter): boolean {
    const { key, plan } = waiter.level.queue;
    const { ledger } = this.#admissions();
    if (this.breached) {
      this.#giveBack(waiter);
      return true;
    }
    const free = plan.rules.map(() => 0);
    const ask = askFor(key, plan, [free]);
    const gate = ledger.peek(ask, undefined);
    const { at, ticket } = waiter.extras!.booked!;
    if (gate.until <= gate.now && gate.now <= at) {
      ledger.amend([{ kind: "resume", key, plan, ticket, at, taken: waiter.costs }]);
      return true;
    }
    this.#giveBack(waiter);
    this.#book(waiter);
    return false;
  }

  /** Books those who wait before a newcomer, in order, so that its reservation comes after them. */
  bookWaiting(key: string, plan: Plan): void {
    for (const waiter of this.waiters.take(key, plan)) this.#book(waiter);
  }

  #book(waiter: Waiter): void {
    const { key, plan } = waiter.level.queue;
    // Timers come late; a clock that moves by hand does not.
    const grace = this.clock.exact ? 0 : GRACE;
    const costs = [waiter.costs];
    const ask = { ...askFor(key, plan, costs, NEVER), grace };
    const answer = this.#admissions().ledger.reserve(ask);
    const from = answer.instants[0]!;
    this.waiters.book(waiter, { from, at: from + grace, ticket: answer.tickets[0]! });
  }

  /** Returns a booked instant, which may have come. */
  #giveBack(waiter: Waiter): void {
    const { key, plan } = waiter.level.queue;
    const { at, ticket } = waiter.extras!.booked!;
    const actual = plan.rules.map(() => 0);
    const change = { kind: "cancel" as const, key, plan, ticket, at, taken: waiter.costs, actual };
    this.#admissions().ledger.amend([change]);
  }

  /** Whoever is booked after one that leaves moves up into its instant; the last one is given back. */
  #moveUp(leaving: Waiter): void {
    const { key } = leaving.level.queue;
    const same = this.waiters
      .booked()
      .filter(
        (waiter) =>
          waiter.level.queue.key === key &&
          waiter.extras!.booked!.at >= leaving.extras!.booked!.at &&
          waiter.costs.every((cost, i) => cost === leaving.costs[i]),
      )
      .sort((a, b) => a.extras!.booked!.at - b.extras!.booked!.at || a.order - b.order);
    let free = leaving.extras!.booked!;
    for (const waiter of same) {
      if (waiter === leaving) continue;
      const own = waiter.extras!.booked!;
      this.waiters.book(waiter, free);
      free = own;
    }
    leaving.extras!.booked = free;
    this.#giveBack(leaving);
  }

  cancelWaiting(key: string | undefined, reason?: unknown): number {
    const error =
      reason ?? new WaitCancelledError("The wait was ended by cancelWaiting() or reset().");
    const waiting = this.waiters.all(key);
    this.waiters.undisturbed(() => {
      for (const waiter of waiting) this.#reject(waiter, error);
    });
    this.waiters.pump();
    return waiting.length;
  }

  /** Puts those who are booked back into their queues, before the limits change. */
  unbook(): void {
    const booked = this.waiters.booked();
    for (const waiter of booked.sort((a, b) => b.order - a.order)) this.#giveBack(waiter);
    this.waiters.requeue((key) => this.#admissions().plans.of(key));
  }

  /** Those who wait go by their keys' new limits; who can never pass any more is rejected. */
  replan(): void {
    this.waiters.undisturbed(() => {
      for (const queue of this.waiters.queues()) {
        const plan = this.#admissions().plans.of(queue.key);
        if (plan !== queue.plan) queue.replan(plan);
      }
      for (const waiter of this.waiters.all(undefined)) {
        const { rules } = waiter.level.queue.plan;
        const rule = rules.find(({ limit }, i) => waiter.costs[i]! > capacityOf(limit));
        if (rule) this.#reject(waiter, impossibleNow(rule.names[0]!));
      }
    });
    this.waiters.wake();
  }

  close(): void {
    const error = new LimiterClosedError();
    this.waiters.undisturbed(() => {
      for (const waiter of this.waiters.all(undefined)) this.#reject(waiter, error);
    });
    this.waiters.close();
  }

  #reject(waiter: Waiter, reason: unknown): void {
    if (waiter.settled) return;
    const booked = waiter.extras?.booked;
    if (booked) this.#moveUp(waiter);
    this.waiters.remove(waiter);
    waiter.settle(Promise.reject(reason));
    // The instant that went back may have stood in the way of others.
    if (booked) this.waiters.wake(waiter.level.queue.key);
  }

  /** Makes place for a newcomer by dropping another; false when the newcomer must go. */
  #makePlace(key: string, priority: number): boolean {
    const worst = whoMakesPlace(this.waiters.all(undefined), priority, this.#settings);
    if (worst) this.#reject(worst, this.#full(key));
    return worst !== undefined;
  }

  #full(key: string): QueueFullError {
    this.dropped++;
    const { events } = this.#admissions();
    if (events.heard) events.emit({ type: "drop", key, reason: "QUEUE_FULL" });
    return new QueueFullError(this.#settings.maxWaiting);
  }
}
