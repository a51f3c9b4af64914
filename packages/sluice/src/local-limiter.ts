/** The verbs. Decisions are the store's and waiting is the queues'; here they are put together. */

import { acquireBlocking } from "./acquire-sync.ts";
import { type Clock, systemClock } from "./clock.ts";
import { type Costs, costsOfLook, resolveCosts } from "./costs.ts";
import { LimiterClosedError, ReserveHeldError } from "./errors.ts";
import { DerivedVerbs } from "./derived-verbs.ts";
import { Events, type EventType, type LimiterEvent } from "./events.ts";
import { type Explanation, explain } from "./explain.ts";
import type { KeyOption, LimiterStats } from "./limiter-surface.ts";
import type { LimitsInput, Plan } from "./limits/plan.ts";
import {
  BOOKED_AHEAD,
  type LimiterOptions,
  type RawOptions,
  readDate,
  readKey,
  readOneKey,
  readOptions,
  type Settings,
} from "./options.ts";
import { Admissions, type Sight } from "./admissions.ts";
import { Waiting } from "./waiting.ts";
import type { Denial, Grant, Permit, Refusal } from "./permit.ts";
import { type BookedGrant, bookedGrant } from "./reservation.ts";
import { type LimiterSnapshot, readSnapshot, takeSnapshot } from "./snapshot.ts";
import { askFor } from "./stores/store.ts";
import { type Duration, toMicros, toMillis } from "./time.ts";
import { type Look, namedRefusal, viewLimits } from "./view.ts";

/** What a newcomer would meet. */
interface Sighted extends Sight {
  readonly key: string;
  readonly costs: Costs;
}

/** A limiter on a store of its own process, where waiting is just in time. */
export class LocalLimiter extends DerivedVerbs {
  readonly name: string;
  readonly #settings: Settings;
  readonly #clock: Clock;
  readonly #events: Events;
  readonly #admissions: Admissions;
  readonly #waiting: Waiting;

  constructor(limits: LimitsInput, options: LimiterOptions<true>) {
    super();
    this.#settings = readOptions(options);
    this.name = this.#settings.name;
    this.#clock = options.clock ?? systemClock;
    this.#events = new Events(this.name);
    this.#waiting = new Waiting(this.#settings, this.#clock, () => this.#admissions);
    const { waiters } = this.#waiting;
    this.#admissions = new Admissions(
      limits,
      options,
      this.#settings,
      this.#clock,
      this.#events,
      waiters,
    );
  }

  tryAcquire(options?: RawOptions): Permit | Refusal {
    this.#checkOpen();
    const admissions = this.#admissions;
    const key = readKey(options?.key);
    const plan = admissions.plans.of(key);
    const costs = resolveCosts(plan, options?.cost);
    const isBehind = this.#waiting.waiters.size > 0 && this.#isBehind(key, plan, costs, options);
    const answer = isBehind
      ? admissions.queuedRefusal(key, plan, costs)
      : admissions.attempt(key, plan, costs);
    if (!answer.granted) return admissions.refuse(key, answer);
    if (options?.barge) this.#overtook(key);
    return answer;
  }

  acquire(options?: RawOptions): Promise<Permit> {
    try {
      this.#checkOpen();
      const key = readKey(options?.key);
      const plan = this.#admissions.plans.of(key);
      const costs = resolveCosts(plan, options?.cost);
      return this.#waiting.acquire(key, plan, costs, options ?? {});
    } catch (error) {
      return Promise.reject(error);
    }
  }

  acquireSync(options: RawOptions = {}): Permit {
    this.#checkOpen();
    const key = readKey(options.key);
    const admissions = this.#admissions;
    const plan = admissions.plans.of(key);
    const costs = resolveCosts(plan, options.cost);
    const since = admissions.ledger.now();
    const attempt = (): Grant | Denial => admissions.attemptSince(key, plan, costs, since);
    const blocking = { timeout: options.timeout, elsewhere: false };
    const grant = acquireBlocking(attempt, this.#clock, blocking);
    this.#overtook(key);
    return grant;
  }

  reserve(options: RawOptions = {}): BookedGrant | Refusal {
    this.#checkOpen();
    const key = readKey(options.key);
    const admissions = this.#admissions;
    const plan = admissions.plans.of(key);
    const costs = resolveCosts(plan, options.cost);
    const held = plan.rules.findIndex(
      ({ limit }, i) => limit.kind === "concurrency" && costs[i]! > 0,
    );
    if (held >= 0) throw new ReserveHeldError(plan.rules[held]!.names[0]!);
    const maxWait =
      options.maxWait === undefined ? BOOKED_AHEAD : toMicros(options.maxWait, "maxWait", 0);
    if (admissions.breached) {
      return bookedGrant(admissions.freePass(key, plan, costs), 0, () => false);
    }
    this.#waiting.booked.bookBefore(key, plan);
    const ask = askFor(key, plan, [costs], maxWait);
    const answer = admissions.ledger.reserve(ask);
    if (answer.admitted === 0) {
      return admissions.refuse(key, admissions.refusal(key, plan, costs, answer));
    }
    const { now } = answer;
    const [at, ticket] = [answer.instants[0]!, answer.tickets[0]!];
    const grant = admissions.admit(key, plan, costs, at, ticket, 0);
    const wait = Math.max(0, toMillis(grant.at - now));
    const cancel = (): boolean => admissions.unbook(key, plan, costs, grant.at, grant.ticket);
    return bookedGrant(grant, wait, cancel);
  }

  peek(options: RawOptions = {}): Look {
    const look = this.#look(options);
    const limits = viewLimits(look.plan, look.view, (instant) => this.#admissions.toEpoch(instant));
    const refusal = this.#refusalOf(look);
    return refusal ? { ...refusal, granted: false, limits } : { granted: true, limits };
  }

  explain(options: RawOptions = {}): Explanation {
    const look = this.#look(options);
    const position = this.#waiting.waiters.queue(look.key)?.size ?? 0;
    const { breached } = this.#admissions;
    return explain(look.plan, look.view, this.#refusalOf(look), position, look.ahead, breached);
  }

  pause(duration: Duration, options: KeyOption = {}): void {
    this.#checkOpen();
    const micros = toMicros(duration, "the pause", 0);
    this.#admissions.pause(this.#admissions.ledger.now() + micros, readOneKey(options.key));
  }

  pauseUntil(date: Date | number, options: KeyOption = {}): void {
    this.#checkOpen();
    const micros = Math.ceil((readDate(date) - this.#clock.wall()) * 1e3);
    this.#admissions.pause(this.#admissions.ledger.now() + micros, readOneKey(options.key));
  }

  resume(options: KeyOption = {}): void {
    this.#checkOpen();
    const key = readOneKey(options.key);
    const admissions = this.#admissions;
    admissions.ledger.amend([
      { kind: "gate", key, plan: admissions.plans.of(key ?? ""), until: undefined },
    ]);
    this.#waiting.waiters.wake();
  }

  breach(): void {
    this.#checkOpen();
    this.#admissions.breached = true;
    this.#waiting.waiters.wake();
  }

  cancelWaiting(options: KeyOption & { readonly reason?: unknown } = {}): number {
    return this.#waiting.cancelWaiting(readOneKey(options.key), options.reason);
  }

  reset(options: KeyOption = {}): void {
    this.#checkOpen();
    const key = readOneKey(options.key);
    this.#waiting.cancelWaiting(key);
    this.#admissions.ledger.amend([{ kind: "reset", key }]);
    if (key === undefined) this.#admissions.breached = false;
    this.#waiting.waiters.wake();
  }

  setLimits(limits: LimitsInput, options: KeyOption = {}): void {
    this.#checkOpen();
    const { plans, ledger } = this.#admissions;
    const since = { now: ledger.now(), wall: Math.round(this.#clock.wall() * 1e3) };
    plans.set(limits, since, readOneKey(options.key));
    // Their queues know the limits that they were booked by.
    this.#waiting.booked.giveAllBack();
    this.#waiting.replan();
  }

  keys(): string[] {
    return this.#admissions.ledger.keys();
  }

  forget(key: string): void {
    this.#admissions.ledger.amend([{ kind: "reset", key: readKey(key) }]);
    this.#waiting.waiters.wake(key);
  }

  snapshot(): LimiterSnapshot {
    return takeSnapshot(this.name, this.#admissions.save());
  }

  restore(snapshot: LimiterSnapshot): void {
    this.#checkOpen();
    const state = readSnapshot(snapshot);
    // What they were booked in is replaced: they are asked for anew.
    this.#waiting.booked.giveAllBack();
    try {
      this.#admissions.load(state);
    } finally {
      this.#waiting.waiters.wake();
    }
  }

  stats(): LimiterStats {
    const { admitted, refused, ledger } = this.#admissions;
    const { dropped, waiters } = this.#waiting;
    return { admitted, refused, dropped, waiting: waiters.size, keys: ledger.keys().length };
  }

  on(type: EventType, listener: (event: LimiterEvent) => void): () => void {
    return this.#events.on(type, listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#admissions.closed) return;
    this.#waiting.close();
    this.#admissions.close();
  }

  /** Who stands in the line with this key may be held back by its own limits now. */
  #overtook(key: string): void {
    if (this.#waiting.waiters.size > 0) this.#waiting.waiters.wake(key);
  }

  #checkOpen(): void {
    if (this.#admissions.closed) throw new LimiterClosedError();
  }

  /** Whether others wait before this newcomer. */
  #isBehind(key: string, plan: Plan, costs: Costs, options: RawOptions | undefined): boolean {
    if (options?.barge || this.#admissions.breached) return false;
    return this.#waiting.waiters.queues.blocks(key, plan, costs);
  }

  /** What a newcomer would be told; nothing when it would pass. */
  #refusalOf({ key, plan, costs, view }: Sighted): Denial | undefined {
    if (this.#isBehind(key, plan, costs, undefined)) {
      return this.#admissions.forecastRefusal(key, plan, view);
    }
    const passes = view.until === view.now || this.#admissions.breached;
    return passes ? undefined : namedRefusal(plan, view, view);
  }

  #look(options: RawOptions): Sighted {
    this.#checkOpen();
    const key = readKey(options.key);
    const plan = this.#admissions.plans.of(key);
    const costs = costsOfLook(plan, options.cost);
    return { ...this.#admissions.look(key, plan, costs), key, costs };
  }
}
