/**
 * The verbs on a shared store. Decisions are the store's, which may be far away, so instants are
 * booked ahead and every answer is awaited where the store promises it; here they are put together.
 */

import { acquireBlocking } from "../acquire-sync.ts";
import { type Clock, systemClock } from "../clock.ts";
import { type Costs, costsOfLook, resolveCosts } from "../costs.ts";
import { InvalidOptionError, LimiterClosedError, ReserveHeldError } from "../errors.ts";
import { DerivedVerbs } from "../derived-verbs.ts";
import { Events, type EventType, type LimiterEvent } from "../events.ts";
import { type Explanation, explain } from "../explain.ts";
import type { KeyOption, LimiterStats } from "../limiter-surface.ts";
import type { LimitsInput, Plan } from "../limits/plan.ts";
import {
  BOOKED_AHEAD,
  type LimiterOptions,
  type RawOptions,
  readDate,
  readKey,
  readOneKey,
  readOptions,
  type Settings,
} from "../options.ts";
import type { Denial, Grant, Permit, Refusal } from "../permit.ts";
import { type BookedGrant, bookedGrant } from "../reservation.ts";
import { unsaved } from "../snapshot.ts";
import type { View } from "../stores/store.ts";
import { type Duration, toMicros, toMillis } from "../time.ts";
import { type Look, namedRefusal, viewLimits } from "../view.ts";
import { aheadOfNewcomer } from "./ahead.ts";
import { after } from "./answered.ts";
import { closeGate, openGate } from "./gate.ts";
import { Refusals } from "./refusals.ts";
import { type Judged, SharedAdmissions, type Sight } from "./shared-admissions.ts";
import { SharedWaiting } from "./shared-waiting.ts";

interface Asked {
  readonly key: string;
  readonly plan: Plan;
  readonly costs: Costs;
}

export class SharedLimiter extends DerivedVerbs {
  readonly name: string;
  readonly #settings: Settings;
  readonly #clock: Clock;
  readonly #events: Events;
  readonly #admissions: SharedAdmissions;
  readonly #waiting: SharedWaiting;
  readonly #refusals = new Refusals();

  constructor(limits: LimitsInput, options: LimiterOptions<boolean>) {
    super();
    this.#settings = readOptions(options);
    this.name = this.#settings.name;
    this.#clock = options.clock ?? systemClock;
    this.#events = new Events(this.name);
    const queues = {
      isWaited: (key: string): boolean => this.#waiting.lanes.get(key) !== undefined,
      wake: (key?: string): void => this.#freed(key),
      recall: (key: string, plan: Plan, charge: () => Promise<void>): void =>
        void this.#waiting.recall(key, plan, charge),
    };
    this.#admissions = new SharedAdmissions(
      limits,
      options,
      this.#settings,
      this.#clock,
      this.#events,
      queues,
    );
    this.#waiting = new SharedWaiting(this.#settings, this.#admissions);
  }

  tryAcquire(options: RawOptions = {}): Permit | Refusal | Promise<Permit | Refusal> {
    const { key, plan, costs } = this.#read(options);
    const admissions = this.#admissions;
    if (!options.barge && !admissions.breached && this.#isBehind(key)) {
      return this.#refuseBehind(key, plan, costs);
    }
    const known = this.#refusals.find(key, plan, costs, this.#clock);
    if (known) {
      const refused = this.#refuse(key, known);
      return admissions.ledger.sync ? refused : Promise.resolve(refused);
    }
    const sent = admissions.ledger.sync ? undefined : this.#clock.now();
    const answer = admissions.attempt(key, plan, costs, 0);
    if (!(answer instanceof Promise) && answer.granted) return answer;
    return this.#refuseOrGrant(answer, key, plan, costs, sent);
  }

  #refuseBehind(key: string, plan: Plan, costs: Costs): Refusal | Promise<Refusal> {
    const admissions = this.#admissions;
    const ahead = aheadOfNewcomer(this.#waiting.lanes.get(key), plan);
    return after(admissions.look(key, plan, costs, ahead), ({ view }) =>
      this.#refuse(key, admissions.forecastRefusal(plan, view)),
    );
  }

  #refuseOrGrant(
    answer: Judged,
    key: string,
    plan: Plan,
    costs: Costs,
    sent: number | undefined,
  ): Permit | Refusal | Promise<Permit | Refusal> {
    return after(answer, (judged) => {
      if (judged.granted) return judged;
      this.#refusals.note(key, plan, costs, judged, sent, this.#clock);
      return this.#refuse(key, judged);
    });
  }

  acquire(options: RawOptions = {}): Promise<Permit> {
    try {
      const { key, plan, costs } = this.#read(options);
      return this.#waiting.acquire(key, plan, costs, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  acquireSync(options: RawOptions = {}): Permit {
    const { key, plan, costs } = this.#read(options);
    const admissions = this.#admissions;
    if (!admissions.ledger.sync) {
      throw new InvalidOptionError(
        "acquireSync() needs a store that answers at once (memory, shared memory, SQLite); this one is remote. Use acquire().",
      );
    }
    const began = this.#clock.now();
    const attempt = (): Grant | Denial =>
      admissions.attempt(key, plan, costs, this.#clock.now() - began) as Grant | Denial;
    return acquireBlocking(attempt, this.#clock, { timeout: options.timeout, elsewhere: true });
  }

  reserve(options: RawOptions = {}): BookedGrant | Refusal | Promise<BookedGrant | Refusal> {
    const { key, plan, costs } = this.#read(options);
    const held = plan.rules.findIndex(({ kind }, i) => kind === "concurrency" && costs[i]! > 0);
    if (held >= 0) throw new ReserveHeldError(plan.rules[held]!.names[0]!);
    const admissions = this.#admissions;
    const maxWait =
      options.maxWait === undefined ? BOOKED_AHEAD : toMicros(options.maxWait, "maxWait", 0);
    if (admissions.breached) {
      return bookedGrant(admissions.freePass(key, plan, costs), 0, () => false);
    }
    return after(admissions.book(key, plan, costs, maxWait), (booking) => {
      if (!("due" in booking)) return this.#refuse(key, booking);
      const { due } = booking;
      const grant = admissions.admit(key, plan, costs, booking, 0);
      const cancel = (): boolean => {
        if (admissions.closed || due <= this.#clock.now()) return false;
        void this.#waiting.giveBack(key, [booking]);
        return true;
      };
      return bookedGrant(grant, Math.max(0, toMillis(due - this.#clock.now())), cancel);
    });
  }

  peek(options: RawOptions = {}): Look | Promise<Look> {
    return this.#look(options, ({ plan, queued }, { view }) => {
      const limits = viewLimits(plan, view, (instant) => this.#admissions.toEpoch(instant));
      const refusal = this.#refusalOf(plan, view, queued);
      return refusal ? { ...refusal, granted: false, limits } : { granted: true, limits };
    });
  }

  explain(options: RawOptions = {}): Explanation | Promise<Explanation> {
    return this.#look(options, ({ key, plan, ahead, queued }, { view }) => {
      const position = this.#waiting.lanes.get(key)?.queue.size ?? 0;
      const refusal = this.#refusalOf(plan, view, queued);
      return explain(plan, view, refusal, position, ahead, this.#admissions.breached);
    });
  }

  pause(duration: Duration, options: KeyOption = {}): void | Promise<void> {
    this.#checkOpen();
    const micros = toMicros(duration, "the pause", 0);
    const key = readOneKey(options.key);
    return closeGate(this.#admissions, this.#waiting.lanes, key, (now) => now + micros);
  }

  pauseUntil(date: Date | number, options: KeyOption = {}): void | Promise<void> {
    this.#checkOpen();
    const until = Math.ceil(readDate(date) * 1e3);
    return closeGate(this.#admissions, this.#waiting.lanes, readOneKey(options.key), () => until);
  }

  resume(options: KeyOption = {}): void | Promise<void> {
    this.#checkOpen();
    const key = readOneKey(options.key);
    return openGate(this.#admissions, key, () => this.#freed(key));
  }

  breach(): void {
    this.#checkOpen();
    this.#admissions.breached = true;
    this.#waiting.letAllThrough();
  }

  cancelWaiting(options: KeyOption & { readonly reason?: unknown } = {}): number {
    return this.#waiting.cancelWaiting(readOneKey(options.key), options.reason);
  }

  reset(options: KeyOption = {}): void | Promise<void> {
    this.#checkOpen();
    const key = readOneKey(options.key);
    this.#waiting.cancelWaiting(key);
    if (key === undefined) this.#admissions.breached = false;
    return after(this.#admissions.ledger.amend([{ kind: "reset", key }]), () => this.#freed(key));
  }

  setLimits(limits: LimitsInput, options: KeyOption = {}): void {
    this.#checkOpen();
    this.#admissions.plans.set(limits, { now: 0, wall: 0 }, readOneKey(options.key));
    this.#refusals.forget(undefined);
    this.#waiting.replan();
  }

  keys(): string[] | Promise<string[]> {
    return this.#admissions.ledger.keys();
  }

  forget(key: string): void | Promise<void> {
    const own = readKey(key);
    return after(this.#admissions.ledger.amend([{ kind: "reset", key: own }]), () =>
      this.#freed(own),
    );
  }

  readonly snapshot: () => never = unsaved;
  readonly restore: () => never = unsaved;

  stats(): LimiterStats | Promise<LimiterStats> {
    const { admitted, refused } = this.#admissions;
    const { dropped, lanes } = this.#waiting;
    const own = { admitted, refused, dropped, waiting: lanes.size };
    return after(this.keys(), (keys) => ({ ...own, keys: keys.length }));
  }

  on(type: EventType, listener: (event: LimiterEvent) => void): () => void {
    return this.#events.on(type, listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#admissions.closed) return;
    this.#waiting.close();
    await this.#admissions.close();
  }

  #freed(key: string | undefined): void {
    this.#refusals.forget(key);
    this.#waiting.lanes.wake(key);
  }

  #read(options: RawOptions): Asked {
    this.#checkOpen();
    const key = readKey(options.key);
    const plan = this.#admissions.plans.of(key);
    return { key, plan, costs: resolveCosts(plan, options.cost) };
  }

  /** Whether others wait before a newcomer; a call under way for those who have gone holds nobody back. */
  #isBehind(key: string): boolean {
    const lane = this.#waiting.lanes.get(key);
    return lane !== undefined && lane.queue.size > 0;
  }

  #look<R>(
    options: RawOptions,
    tell: (asked: Asked & { ahead: Costs; queued: boolean }, sight: Sight) => R,
  ): R | Promise<R> {
    this.#checkOpen();
    const key = readKey(options.key);
    const plan = this.#admissions.plans.of(key);
    const costs = costsOfLook(plan, options.cost);
    const ahead = aheadOfNewcomer(this.#waiting.lanes.get(key), plan);
    const asked = { key, plan, costs, ahead, queued: this.#isBehind(key) };
    return after(this.#admissions.look(key, plan, costs, ahead), (sight) => tell(asked, sight));
  }

  /** What a newcomer would be told; nothing when it would pass. */
  #refusalOf(plan: Plan, view: View, queued: boolean): Denial | undefined {
    const admissions = this.#admissions;
    if ((view.until === view.now && !queued) || admissions.breached) return undefined;
    return queued ? admissions.forecastRefusal(plan, view) : namedRefusal(plan, view, view);
  }

  #refuse(key: string, refusal: Refusal): Refusal {
    this.#admissions.refused++;
    if (this.#events.heard) this.#events.emit({ type: "refuse", key, ...refusal });
    return refusal;
  }

  #checkOpen(): void {
    if (this.#admissions.closed) throw new LimiterClosedError();
  }
}
