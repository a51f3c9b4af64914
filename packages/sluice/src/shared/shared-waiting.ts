/** Waiting for a shared store: who queues, who is dropped, and how each wait ends. */

import type { Clock } from "../clock.ts";
import { type Costs, impossibleNow } from "../costs.ts";
import {
  LimiterClosedError,
  QueueFullError,
  StoreTimeoutError,
  WaitCancelledError,
} from "../errors.ts";
import { capacityOf } from "../limits/algorithm.ts";
import type { Plan } from "../limits/plan.ts";
import { type RawOptions, readPriority, type Settings } from "../options.ts";
import { whoMakesPlace } from "../overflow.ts";
import type { Grant } from "../permit.ts";
import { Waiter } from "../queue.ts";
import { readSignal, Signals } from "../signals.ts";
import type { Ledger, View } from "../stores/store.ts";
import { show, toMicros } from "../time.ts";
import { within } from "./answered.ts";
import type { Booking } from "./booking.ts";
import { CommonLine } from "./common-line.ts";
import { type ForecastDesk, Forecasts } from "./forecasts.ts";
import type { Lane } from "./lane.ts";
import type { LaneDesk } from "./lane-desk.ts";
import { Lanes } from "./lanes.ts";
import { type SharedAdmissions, type Sight, tooSlow } from "./shared-admissions.ts";

export class SharedWaiting implements LaneDesk, ForecastDesk {
  readonly lanes: Lanes;
  readonly forecasts: Forecasts = new Forecasts(this);
  readonly line: CommonLine = new CommonLine(() => this.forecasts.compareAll());
  readonly clock: Clock;
  readonly ageing: number;
  readonly grace: number;
  readonly horizon: number;
  /** Rejected or dropped because of `maxWaiting`. */
  dropped = 0;
  readonly #settings: Settings;
  readonly #admissions: SharedAdmissions;
  readonly #signals = new Signals();
  /** Looks under way for those who time out. */
  readonly #looks = new Map<string, Promise<Sight>>();

  constructor(settings: Settings, admissions: SharedAdmissions) {
    this.#settings = settings;
    this.#admissions = admissions;
    this.clock = admissions.clock;
    this.ageing = settings.ageing;
    this.grace = admissions.grace;
    this.horizon = admissions.horizon;
    this.lanes = new Lanes(this, (waiter) => this.#expire(waiter));
  }

  get ledger(): Ledger<boolean> {
    return this.#admissions.ledger;
  }

  random(): number {
    return Math.random();
  }

  acquire(key: string, plan: Plan, costs: Costs, options: RawOptions): Promise<Grant> {
    const { timeout } = options;
    const signal = readSignal(options.signal);
    if (signal?.aborted) return Promise.reject(signal.reason);
    const priority = readPriority(options.priority);
    const wait = timeout === undefined ? undefined : toMicros(timeout, "timeout", 0);
    const admissions = this.#admissions;
    if (admissions.breached) return Promise.resolve(admissions.freePass(key, plan, costs));
    const isFull = this.lanes.size >= this.#settings.maxWaiting;
    const dropped = isFull ? this.#makePlace(priority) : undefined;
    if (isFull && !dropped) return Promise.reject(this.#full(key));
    return new Promise<Grant>((resolve) => {
      const lane = this.lanes.open(key, plan);
      const level = lane.queue.level(priority);
      const waiter = new Waiter(resolve, costs, this.clock.now(), level);
      level.push(waiter);
      this.lanes.size++;
      if (signal !== undefined) {
        const onAbort = (): void => this.#reject(waiter, signal.reason);
        waiter.extras = { detach: this.#signals.watch(signal, onAbort) };
      }
      if (wait !== undefined) {
        this.lanes.setDeadline(waiter, waiter.arrival + wait);
        this.forecasts.add(lane, waiter, waiter.arrival + wait);
      }
      // Listeners may do anything, so they hear of it when all have their places.
      if (dropped) this.#drop(dropped);
      const { events } = admissions;
      if (events.heard) events.emit({ type: "wait", key, waiting: this.lanes.size });
      if (!lane.isAsking) this.lanes.pump(lane);
    });
  }

  grant(waiter: Waiter, booking: Booking): void {
    const { key } = waiter.level.queue;
    this.lanes.left(waiter);
    this.#admissions.lateness.note(key, booking);
    const waited = Math.max(0, this.clock.now() - waiter.arrival);
    waiter.settle(this.#admissions.admit(key, booking.plan, booking.costs, booking, waited));
  }

  giveBack(key: string, bookings: readonly Booking[]): Promise<void> {
    return this.#admissions.giveBack(key, bookings);
  }

  checkLate(): void {
    this.#admissions.lateness.check();
  }

  /** Nothing of what was booked is kept, and nobody asks, until what ran late is charged. */
  async recall(key: string, plan: Plan, charge: () => Promise<void>): Promise<void> {
    if (this.#admissions.closed) return;
    const own = this.lanes.open(key, plan);
    const lanes = plan.hasShared ? this.lanes.all() : [own];
    await Promise.all(lanes.map((lane) => lane.suspend()));
    await charge();
    for (const lane of lanes) lane.resume();
  }

  late(waiter: Waiter, plan: Plan, view: View): void {
    if (waiter.settled) return;
    const refusal = this.#admissions.forecastRefusal(plan, view);
    this.#reject(waiter, this.#admissions.exceeded(refusal, "within the timeout"));
  }

  fail(lane: Lane, error: unknown): void {
    for (const waiter of lane.queue.all(this.ageing)) this.#end(waiter, error);
    void lane.giveAllBack();
  }

  tooSlow(lane: Lane): void {
    this.fail(lane, tooSlow(lane.queue.key, this.grace));
  }

  pump(lane: Lane): void {
    this.lanes.pump(lane);
  }

  cancelWaiting(key: string | undefined, reason?: unknown): number {
    const error =
      reason ?? new WaitCancelledError("The wait was ended by cancelWaiting() or reset().");
    const waiting = this.#waiting(key);
    for (const waiter of waiting) this.#end(waiter, error);
    this.lanes.wake(key);
    return waiting.length;
  }

  /** Everybody goes, unrecorded and in order. */
  letAllThrough(): void {
    // A listener may cancel those who come after it, or end the breach for newcomers.
    for (const waiter of this.#waiting(undefined)) {
      if (!this.#leave(waiter)) continue;
      const { key, plan } = waiter.level.queue;
      waiter.settle(this.#admissions.freePass(key, plan, waiter.costs));
    }
    for (const lane of this.lanes.all()) {
      void lane.giveAllBack();
      this.lanes.pump(lane);
    }
  }

  /** Those who wait go by their keys' new limits; who can never pass any more is rejected. */
  replan(): void {
    for (const lane of this.lanes.all()) {
      try {
        this.#replan(lane);
      } catch (error) {
        // So is whoever asks with this key from now on.
        this.fail(lane, error);
      }
      this.lanes.pump(lane);
    }
  }

  #replan(lane: Lane): void {
    const { queue } = lane;
    const plan = this.#admissions.plans.of(queue.key);
    void lane.giveAllBack();
    if (plan !== queue.plan) lane.replan(plan);
    for (const waiter of queue.all(this.ageing)) {
      const rule = plan.rules.find(({ limit }, i) => waiter.costs[i]! > capacityOf(limit));
      if (rule) this.#end(waiter, impossibleNow(rule.names[0]!));
    }
  }

  close(): void {
    const error = new LimiterClosedError();
    for (const waiter of this.#waiting(undefined)) this.#end(waiter, error);
    for (const lane of this.lanes.all()) void lane.giveAllBack();
    this.lanes.close();
  }

  #expire(waiter: Waiter): void {
    if (!this.#leave(waiter)) return;
    const { key, plan } = waiter.level.queue;
    waiter.settle(this.#timedOut(key, plan, waiter.costs));
    this.#pumpKey(key);
  }

  /** Says which limit had no room. */
  async #timedOut(key: string, plan: Plan, costs: Costs): Promise<never> {
    const admissions = this.#admissions;
    const answersInTime = this.ledger.sync || this.ledger.bounded;
    const { view } = answersInTime
      ? await this.look(key, plan, costs)
      : await this.#lookSoon(key, plan, costs);
    throw admissions.exceeded(admissions.forecastRefusal(plan, view), "before the timeout");
  }

  /** What takes longer than the grace could not be kept in any case: it is not waited for. */
  async #lookSoon(key: string, plan: Plan, costs: Costs): Promise<Sight> {
    const { clock, grace } = this;
    const { asked } = this.lanes.get(key) ?? {};
    if (asked === undefined || clock.now() - asked <= grace) {
      const sight = await within(this.look(key, plan, costs), grace / 1e3, clock);
      // When there is room, it is the answer to the lane's call that was missing.
      const fits = sight?.view.rule === -1 && sight.view.until === sight.view.now;
      if (sight && !(fits && asked !== undefined)) return sight;
    }
    throw new StoreTimeoutError(
      `the store of the limiter ${show(this.#settings.name)} had not answered when the timeout ended; what it books late goes back. Look at the store, or raise the timeout.`,
    );
  }

  /** Many who time out together look once, or they would keep the store busy themselves. */
  look(key: string, plan: Plan, costs: Costs, ahead?: Costs): Sight | Promise<Sight> {
    const name = JSON.stringify([plan.text, costs, key, ahead]);
    const known = this.#looks.get(name);
    if (known) return known;
    const look = this.#admissions.look(key, plan, costs, ahead);
    if (!(look instanceof Promise)) return look;
    this.#looks.set(name, look);
    return look.finally(() => this.#looks.delete(name));
  }

  #reject(waiter: Waiter, reason: unknown): void {
    if (waiter.settled) return;
    this.#end(waiter, reason);
    this.#pumpKey(waiter.level.queue.key);
  }

  /** Its instant passes to the next one. */
  #pumpKey(key: string): void {
    const lane = this.lanes.get(key);
    if (lane) this.lanes.pump(lane);
  }

  #end(waiter: Waiter, reason: unknown): void {
    if (this.#leave(waiter)) waiter.settle(Promise.reject(reason));
  }

  /** False for who has left before: nobody leaves twice. */
  #leave(waiter: Waiter): boolean {
    if (waiter.settled) return false;
    this.lanes.left(waiter);
    waiter.level.leave(waiter);
    return true;
  }

  #waiting(key: string | undefined): Waiter[] {
    const lanes = this.lanes.all().filter(({ queue }) => key === undefined || queue.key === key);
    return lanes.flatMap(({ queue }) => queue.all(this.ageing));
  }

  /** Takes out whoever makes place for a newcomer; nobody when the newcomer must go. */
  #makePlace(priority: number): Waiter | undefined {
    const ends = this.lanes.all().flatMap(({ queue }) => queue.ends());
    const worst = whoMakesPlace(ends, priority, this.#settings);
    if (worst) this.#leave(worst);
    return worst;
  }

  #drop(waiter: Waiter): void {
    const { key } = waiter.level.queue;
    waiter.settle(Promise.reject(this.#full(key)));
    this.#pumpKey(key);
  }

  /** Says that who waited for this key, or would have, does not. */
  #full(key: string): QueueFullError {
    this.dropped++;
    const { events } = this.#admissions;
    if (events.heard) events.emit({ type: "drop", key, reason: "QUEUE_FULL" });
    return new QueueFullError(this.#settings.maxWaiting);
  }
}
