/** The verbs. Decisions are the store's and waiting is the queues'; here they are put together. */

import { type Clock, systemClock } from "./clock.ts";
import { type Costs, resolveCosts } from "./costs.ts";
import {
  InvalidOptionError,
  LimiterClosedError,
  LimitExceededError,
  ReserveHeldError,
} from "./errors.ts";
import { WouldDeadlockError } from "./errors.ts";
import { Events, type EventType, type LimiterEvent } from "./events.ts";
import { type Explanation, explain } from "./explain.ts";
import type { Limiter, LimiterStats } from "./limiter-surface.ts";
import { isHeld } from "./limits/limit.ts";
import type { LimitsInput, Plan } from "./limits/plan.ts";
import { type MapInput, mapThrough } from "./map.ts";
import {
  type LimiterOptions,
  type RawOptions,
  readKey,
  readOptions,
  type Settings,
} from "./options.ts";
import { Office } from "./office.ts";
import { Grant, type Permit, type Refusal } from "./permit.ts";
import { type BookedGrant, bookedGrant } from "./reservation.ts";
import { type RawRunOptions, runThrough, type WrapInput, wrapThrough } from "./run.ts";
import { type LimiterSnapshot, readSnapshot, takeSnapshot } from "./snapshot.ts";
import type { Ask } from "./stores/store.ts";
import { type Duration, show, toMicros, toMillis } from "./time.ts";
import { bindingName, type Look, refusalOf, viewLimits } from "./view.ts";

/** How far ahead `reserve` books unless told otherwise. */
const BOOKED_AHEAD = 3600e6;

/**
 * Makes a limiter.
 *
 * @param limits - One limit, a list of limits that share one cost, or a record of named ones.
 * @throws `INVALID_OPTION` for limits and options that make no sense.
 * @example
 * const github = createLimiter(["500/1h", "1000/1d"]);
 * await github.acquire(); // waits for its turn
 */
export function createLimiter<const L extends LimitsInput>(
  limits: L,
  options: LimiterOptions = {},
): Limiter<L> {
  return new LimiterCore(limits, options) as unknown as Limiter<L>;
}

interface Keyed {
  readonly key?: string;
}

class LimiterCore {
  readonly name: string;
  readonly #settings: Settings;
  readonly #clock: Clock;
  readonly #events: Events;
  readonly #office: Office;
  /** The question of the synchronous verbs; one object, written anew for each. */
  readonly #ask: { -readonly [K in keyof Ask]: Ask[K] };

  constructor(limits: LimitsInput, options: LimiterOptions) {
    this.#settings = readOptions(options);
    this.name = this.#settings.name;
    this.#clock = options.clock ?? systemClock;
    this.#events = new Events(this.name);
    this.#office = new Office(limits, options, this.#settings, this.#clock, this.#events);
    const plan = this.#office.plans.base;
    this.#ask = { key: "", plan, costs: [[]], maxWait: 0, since: undefined, deferred: false };
    this.wrap = this.wrap.bind(this);
  }

  tryAcquire(options?: RawOptions): Permit | Refusal {
    const office = this.#office;
    if (office.unusual) this.#checkOpen();
    const key = options === undefined ? "" : readKey(options.key);
    const plan = office.plans.of(key);
    const costs = this.#costs(plan, options);
    if (office.breached) return office.freePass(key, plan, costs);
    if (office.waiters.size !== 0 && !options?.barge && office.waiters.blocks(key, plan)) {
      return this.#refuse(key, office.queuedRefusal(key, plan, costs));
    }
    const ask = this.#ask;
    ask.key = key;
    ask.plan = plan;
    (ask.costs as Costs[])[0] = costs;
    const answer = office.ledger.reserve(ask);
    if (answer.admitted === 0) return this.#refuse(key, office.refusal(key, plan, costs, answer));
    office.admitted++;
    const [at, ticket] = [answer.instants[0]!, answer.tickets[0]!];
    if (this.#events.heard) this.#events.emit({ type: "admit", key, waited: 0, ticket });
    return new Grant(office, key, plan, costs, at, ticket, 0, undefined);
  }

  acquire(options?: RawOptions): Promise<Permit> {
    try {
      this.#checkOpen();
      const key = readKey(options?.key);
      const plan = this.#office.plans.of(key);
      return this.#office.acquire(key, plan, this.#costs(plan, options), options ?? {});
    } catch (error) {
      return Promise.reject(error);
    }
  }

  acquireSync(options: RawOptions = {}): Permit {
    const started = this.#office.ledger.now();
    const deadline =
      options.timeout === undefined ? Infinity : started + toMicros(options.timeout, "timeout", 0);
    for (;;) {
      const answer = this.tryAcquire({ ...options, barge: true });
      if (answer.granted) return answer;
      const { limit, retryAfter } = answer;
      if (retryAfter === undefined) {
        throw new WouldDeadlockError(
          `acquireSync() would wait for ${show(limit)}, which only code on this blocked thread can release; use acquire().`,
        );
      }
      const wait = Math.max(1, retryAfter);
      if (this.#office.ledger.now() + wait * 1e3 > deadline) throw exceeded(answer);
      if (!this.#clock.sleepSync) {
        throw new InvalidOptionError(
          "acquireSync() needs a clock with sleepSync(); this one has none.",
        );
      }
      this.#clock.sleepSync(wait);
    }
  }

  reserve(options: RawOptions = {}): BookedGrant | Refusal {
    this.#checkOpen();
    const key = readKey(options.key);
    const office = this.#office;
    const plan = office.plans.of(key);
    const costs = this.#costs(plan, options);
    const held = plan.rules.findIndex(
      ({ limit }, i) => limit.kind === "concurrency" && costs[i]! > 0,
    );
    if (held >= 0) throw new ReserveHeldError(plan.rules[held]!.names[0]!);
    const maxWait =
      options.maxWait === undefined ? BOOKED_AHEAD : toMicros(options.maxWait, "maxWait", 0);
    office.bookWaiting(key);
    const ask = { key, plan, costs: [costs], maxWait, since: undefined, deferred: false };
    const answer = office.ledger.reserve(ask);
    if (answer.admitted === 0) return this.#refuse(key, office.refusal(key, plan, costs, answer));
    office.admitted++;
    const [at, ticket] = [answer.instants[0]!, answer.tickets[0]!];
    const grant = new Grant(office, key, plan, costs, at, ticket, 0, undefined);
    const wait = Math.max(0, toMillis(at - answer.now));
    return bookedGrant(grant, wait, () => office.unbook(key, plan, costs, at, ticket));
  }

  run<R>(fn: (permit: Permit) => R, options?: RawRunOptions): Promise<Awaited<R>> {
    return runThrough(this, fn, options);
  }

  /** Bound, so that it can stand as a decorator. */
  wrap(fn: never, options?: WrapInput): unknown {
    return wrapThrough(this, fn, options);
  }

  map<T, R>(
    inputs: Iterable<T> | AsyncIterable<T>,
    fn: (input: T, index: number) => R,
    options?: MapInput<T>,
  ): AsyncGenerator<Awaited<R>, void, undefined> {
    return mapThrough(this, inputs, fn, options);
  }

  peek(options: RawOptions = {}): Look {
    const { plan, view, key } = this.#look(options);
    const office = this.#office;
    const queued = office.waiters.size > 0 && office.waiters.blocks(key, plan);
    const limits = viewLimits(plan, view, (instant) => office.toEpoch(instant));
    if (view.until === view.now && !queued) return { granted: true, limits };
    const until = queued ? view.forecast : view.until;
    const { limit, retryAfter } = refusalOf(plan, { now: view.now, until, rule: view.rule });
    const named = view.rule < 0 ? limit : bindingName(plan, view.rule, view.rates[view.rule]);
    return {
      granted: false,
      limit: named,
      ...(retryAfter === undefined ? {} : { retryAfter }),
      limits,
    };
  }

  explain(options: RawOptions = {}): Explanation {
    const { plan, view, key, ahead } = this.#look(options);
    const rule = plan.rules.findIndex(({ limit }) => limit.kind === "concurrency");
    const holders = rule < 0 ? 0 : view.rates[rule]![0]!.used;
    return explain(plan, view, this.#office.waiters.queue(key), ahead, holders);
  }

  pause(duration: Duration, { key }: Keyed = {}): void {
    this.#office.pause(this.#office.ledger.now() + toMicros(duration, "the pause", 0), key);
  }

  pauseUntil(date: Date | number, { key }: Keyed = {}): void {
    const ms = Number(date);
    if (!Number.isFinite(ms)) {
      throw new InvalidOptionError(
        `pauseUntil() takes a date or milliseconds since the epoch; got ${show(date)}.`,
      );
    }
    const { ledger } = this.#office;
    this.#office.pause(ledger.now() + Math.ceil((ms - this.#clock.wall()) * 1e3), key);
  }

  resume({ key }: Keyed = {}): void {
    const office = this.#office;
    office.ledger.amend([
      { kind: "gate", key, plan: office.plans.of(key ?? ""), until: undefined },
    ]);
    office.waiters.wake();
  }

  breach(): void {
    this.#checkOpen();
    this.#office.breach();
  }

  cancelWaiting(options: Keyed & { readonly reason?: unknown } = {}): number {
    return this.#office.cancelWaiting(options.key, options.reason);
  }

  reset({ key }: Keyed = {}): void {
    this.#office.reset(key);
  }

  setLimits(limits: LimitsInput, { key }: Keyed = {}): void {
    this.#checkOpen();
    this.#office.setLimits(limits, key);
  }

  keys(): string[] {
    return this.#office.ledger.keys();
  }

  forget(key: string): void {
    this.#office.ledger.amend([{ kind: "reset", key: readKey(key) }]);
    this.#office.waiters.wake(key);
  }

  snapshot(): LimiterSnapshot {
    return takeSnapshot(this.name, this.#office.ledger.save());
  }

  restore(snapshot: LimiterSnapshot): void {
    const state = readSnapshot(snapshot);
    const { plans, ledger, waiters } = this.#office;
    const known = new Map<string, Plan>();
    for (const { key, plan } of state.rows) {
      const own = plans.of(key ?? "");
      const match = own.text === plan ? own : plans.byText(plan);
      if (match) known.set(plan, match);
    }
    ledger.load(state, known);
    waiters.wake();
  }

  stats(): LimiterStats {
    const { admitted, refused, dropped, waiters, ledger } = this.#office;
    return { admitted, refused, dropped, waiting: waiters.size, keys: ledger.keys().length };
  }

  on(type: EventType, listener: (event: LimiterEvent) => void): () => void {
    return this.#events.on(type, listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#office.close();
  }

  #costs(plan: Plan, options: RawOptions | undefined): Costs {
    const cost = options?.cost;
    return cost === undefined && plan.defaultCosts !== undefined
      ? plan.defaultCosts
      : resolveCosts(plan, cost);
  }

  #checkOpen(): void {
    if (this.#office.closed) throw new LimiterClosedError();
  }

  #refuse(key: string, refusal: Refusal): Refusal {
    this.#office.refused++;
    if (this.#events.heard) this.#events.emit({ type: "refuse", key, ...refusal });
    return refusal;
  }

  #look(options: RawOptions): ReturnType<Office["look"]> & { key: string } {
    this.#checkOpen();
    const key = readKey(options.key);
    const plan = this.#office.plans.of(key);
    const costs =
      plan.rules.some((rule) => rule.limit.defaultCost === "required") && options.cost === undefined
        ? plan.rules.map((rule) =>
            rule.limit.defaultCost === "required" ? 1 : rule.limit.defaultCost,
          )
        : this.#costs(plan, options);
    return { ...this.#office.look(key, plan, costs), key };
  }
}

function exceeded(refusal: Refusal): LimitExceededError {
  return new LimitExceededError(
    refusal,
    `${show(refusal.limit)} has no room within the timeout; it would take ${refusal.retryAfter} ms.`,
  );
}
