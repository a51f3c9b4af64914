/** Waiting: who queues, who is booked, who is dropped, and how each wait ends. */

import type { Admissions } from "./admissions.ts";
import { BookedWaiters } from "./booked-waiters.ts";
import type { Clock } from "./clock.ts";
import { type Costs, impossibleNow } from "./costs.ts";
import type { Desk } from "./desk.ts";
import { LimiterClosedError, QueueFullError, WaitCancelledError } from "./errors.ts";
import { capacityOf } from "./limits/algorithm.ts";
import { isHeld } from "./limits/limit.ts";
import type { Plan } from "./limits/plan.ts";
import { type RawOptions, readPriority, type Settings } from "./options.ts";
import type { Grant } from "./permit.ts";
import { whoMakesPlace } from "./overflow.ts";
import type { Waiter } from "./queue.ts";
import { readSignal, Signals } from "./signals.ts";
import type { Answer } from "./stores/store.ts";
import { toMicros } from "./time.ts";
import { Waiters } from "./waiters.ts";

/** What settles the promise that is being made: one function for all, not one for each promise. */
let resolveOfNew: Waiter["settle"] | undefined;
const keepResolve = (resolve: Waiter["settle"]): void => {
  resolveOfNew = resolve;
};

export class Waiting implements Desk {
  readonly waiters: Waiters;
  readonly booked: BookedWaiters;
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
    this.booked = new BookedWaiters(this.waiters, clock, admissions);
  }

  get breached(): boolean {
    return this.#admissions().breached;
  }

  now(): number {
    return this.#admissions().ledger.now();
  }

  acquire(key: string, plan: Plan, costs: Costs, options: RawOptions): Promise<Grant> {
    const signal = readSignal(options.signal);
    if (signal?.aborted) return Promise.reject(signal.reason);
    const priority = readPriority(options.priority);
    const timeout =
      options.timeout === undefined ? undefined : toMicros(options.timeout, "timeout", 0);
    const admissions = this.#admissions();
    if (this.breached && !this.waiters.queue(key)) {
      return Promise.resolve(admissions.freePass(key, plan, costs));
    }
    let answer: Answer | undefined;
    if (!this.waiters.queues.blocks(key, plan, costs)) {
      answer = this.ask(key, plan, [costs], undefined);
      if (answer.admitted > 0) {
        const [at, ticket] = [answer.instants[0]!, answer.tickets[0]!];
        return Promise.resolve(admissions.deferred(key, plan, costs, at, ticket, 0));
      }
    }
    return this.#wait({ key, plan, priority }, costs, { signal, timeout }, answer);
  }

  #wait(
    queue: { readonly key: string; readonly plan: Plan; readonly priority: number },
    costs: Costs,
    { signal, timeout }: { signal: AbortSignal | undefined; timeout: number | undefined },
    answer: Answer | undefined,
  ): Promise<Grant> {
    const { key, plan, priority } = queue;
    const admissions = this.#admissions();
    const arrival = answer?.now ?? this.now();
    // A store may use the answer again before the newcomer has its place.
    const told = answer && { ...answer };
    let deadline = Number.POSITIVE_INFINITY;
    if (timeout !== undefined) {
      deadline = arrival + timeout;
      const { view } = admissions.look(key, plan, costs, priority);
      if (!isHeld(view.forecast) && view.forecast > deadline) {
        return Promise.reject(
          admissions.exceeded(admissions.forecastRefusal(key, plan, view), "within the timeout"),
        );
      }
    }
    if (this.waiters.size >= this.#settings.maxWaiting && !this.#makePlace(priority)) {
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
    // A listener of an event may have had it booked already.
    waiter.extras ??= {};
    waiter.extras.detach = this.#signals.watch(signal, onAbort);
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
    return this.booked.honour(waiter);
  }

  cancelWaiting(key: string | undefined, reason?: unknown): number {
    const error =
      reason ?? new WaitCancelledError("The wait was ended by cancelWaiting() or reset().");
    const waiting = this.waiters.all(key);
    this.#rejectAll(waiting, error);
    this.waiters.wake(key);
    return waiting.length;
  }

  /** Those who wait go by their keys' new limits; who can never pass any more is rejected. */
  replan(): void {
    this.waiters.undisturbed(() => {
      for (const queue of this.waiters.queues.all()) {
        try {
          const plan = this.#admissions().plans.of(queue.key);
          if (plan !== queue.plan) queue.replan(plan);
        } catch (error) {
          // So is whoever asks with this key from now on.
          this.#rejectAll(queue.all(this.ageing), error);
        }
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
    this.#rejectAll(this.waiters.all(undefined), new LimiterClosedError());
    this.waiters.close();
  }

  #reject(waiter: Waiter, reason: unknown): void {
    if (waiter.settled) return;
    const booked = waiter.extras?.booked;
    if (booked) this.booked.moveUp(waiter);
    this.waiters.remove(waiter);
    waiter.settle(Promise.reject(reason));
    // The instant that went back may have stood in the way of others.
    if (booked) this.waiters.wake(waiter.level.queue.key);
  }

  /** All who wait for a key, or all: nobody is left who could move up. */
  #rejectAll(waiters: readonly Waiter[], reason: unknown): void {
    this.waiters.undisturbed(() => {
      for (const waiter of waiters) {
        if (waiter.extras?.booked) this.booked.giveBack(waiter);
        this.waiters.remove(waiter);
        waiter.settle(Promise.reject(reason));
      }
    });
  }

  /** Makes place for a newcomer by dropping another; false when the newcomer must go. */
  #makePlace(priority: number): boolean {
    const worst = whoMakesPlace(this.waiters.ends(), priority, this.#settings);
    if (worst) this.#reject(worst, this.#full(worst.level.queue.key));
    return worst !== undefined;
  }

  #full(key: string): QueueFullError {
    this.dropped++;
    const { events } = this.#admissions();
    if (events.heard) events.emit({ type: "drop", key, reason: "QUEUE_FULL" });
    return new QueueFullError(this.#settings.maxWaiting);
  }
}
