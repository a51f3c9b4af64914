/** The public face of a limiter, typed by its limits. */

import type { EventType, LimiterEvent } from "./events.ts";
import type { Explanation } from "./explain.ts";
import type { LimitsInput } from "./limits/plan.ts";
import type {
  AcquireOptions,
  Actual,
  Args,
  AskOptions,
  HasConcurrency,
  LimitName,
  MapOptions,
  Reservation,
  ReserveOptions,
  RunOptions,
  SyncOptions,
  TryOptions,
  WrapOptions,
} from "./options.ts";
import type { Permit, PermitOf, Refusal } from "./permit.ts";
import type { Answered } from "./stores/store.ts";
import type { LimiterSnapshot } from "./snapshot.ts";
import type { Duration } from "./time.ts";
import type { Look } from "./view.ts";

/** Counts since the limiter was made, and what there is now. */
export interface LimiterStats {
  readonly admitted: number;
  readonly refused: number;
  /** Rejected or dropped because of `maxWaiting`. */
  readonly dropped: number;
  readonly waiting: number;
  /** Keys that have state. */
  readonly keys: number;
}

/** For one key, or without it for all. */
export interface KeyOption {
  readonly key?: string;
}

type AnyFn = (...args: never[]) => unknown;

/**
 * Lets code through at the rate its limits allow. The verbs differ in what they do when there is no
 * room: most callers want `acquire`, or `run` which also releases; a server that says no wants
 * `tryAcquire`; who does the waiting elsewhere wants `reserve`.
 */
// oxlint-disable-next-line no-explicit-any -- `Limiter` alone stands for one with any limits.
export interface Limiter<L = any, Sync extends boolean = true> extends AsyncDisposable {
  readonly name: string;

  /**
   * Answers at once: a permit, or a refusal with the limit and the time until it would fit. Refuses
   * while others wait for the key, unless it may `barge`.
   *
   * @throws `INVALID_COST`, `COST_IMPOSSIBLE`, `UNKNOWN_LIMIT`, `KEYS_EXHAUSTED`, `LIMITER_CLOSED`.
   * @example
   * const answer = limiter.tryAcquire({ key: "user:7" });
   * if (!answer.granted) console.log(`again in ${answer.retryAfter} ms`);
   */
  tryAcquire(
    ...options: Args<L, TryOptions<L>>
  ): Answered<Sync, PermitOf<Actual<L>, Sync> | Refusal>;

  /**
   * Waits its turn: first come, first served within a key. Rejects at once when the forecast lies
   * beyond `timeout`; behind a slot that somebody holds it waits the time out.
   *
   * @throws `LIMIT_EXCEEDED`, the signal's reason, `QUEUE_FULL`, `WAIT_CANCELLED`, `LIMITER_CLOSED`,
   *   `STORE_TIMEOUT` when a shared store has not answered by the end of `timeout`, and what
   *   `tryAcquire` throws.
   * @example
   * using permit = await limiter.acquire({ timeout: "20s", signal });
   */
  acquire(...options: Args<L, AcquireOptions<L>>): Promise<PermitOf<Actual<L>, Sync>>;

  /**
   * Blocks the thread until there is room: for scripts and worker threads. Overtakes those who wait
   * asynchronously, because they cannot run meanwhile.
   *
   * @throws `WOULD_DEADLOCK` when only this thread could release what it waits for.
   */
  acquireSync: Sync extends true
    ? (...options: Args<L, SyncOptions<L>>) => Permit<Actual<L>>
    : never;

  /**
   * Books the next free instant, at most `maxWait` ahead, and leaves the waiting to the caller; who
   * waits in the queue is booked before it. Not with `concurrency`.
   *
   * @throws `RESERVE_HELD` with `concurrency`.
   * @example
   * const booked = limiter.reserve();
   * if (booked.granted) setTimeout(send, booked.wait);
   */
  reserve: HasConcurrency<L> extends true
    ? never
    : (...options: Args<L, ReserveOptions<L>>) => Answered<Sync, Reservation<L> | Refusal>;

  /**
   * Acquires, calls `fn`, and releases whatever happens. What `fn` returned or threw is what the caller
   * gets, even if the slot cannot be released or the gate not be closed.
   *
   * @example
   * const page = await limiter.run(() => fetch(url), { pauseOn: retryAfter });
   */
  run<R>(
    fn: (permit: PermitOf<Actual<L>, Sync>) => R,
    ...options: Args<L, RunOptions<L>>
  ): Promise<Awaited<R>>;

  /**
   * A function of the same arguments that goes through `run`; with a decorator's context, the
   * decorator itself; with options alone, a decorator.
   *
   * @example
   * const get = limiter.wrap(fetchPage, { key: (url) => new URL(url).host });
   */
  wrap: {
    <A extends unknown[], R>(
      fn: (...args: A) => R,
      options?: WrapOptions<L, A, R>,
    ): (...args: A) => Promise<Awaited<R>>;
    <F extends AnyFn>(method: F, context: ClassMethodDecoratorContext): F;
    (
      options: WrapOptions<L, never[]>,
    ): <F extends AnyFn>(method: F, context: ClassMethodDecoratorContext) => F;
  };

  /**
   * Calls `fn` for every input through the limiter, lazily and with bounded read-ahead.
   *
   * @example
   * for await (const page of limiter.map(urls, fetchPage, { concurrency: 20, ordered: true })) {}
   */
  map<T, R>(
    inputs: Iterable<T> | AsyncIterable<T>,
    fn: (input: T, index: number) => R,
    options?: MapOptions<L, T>,
  ): AsyncGenerator<Awaited<R>, void, undefined>;

  /** Takes nothing: what `tryAcquire` would say, and what is used and left of each limit. */
  peek(
    options?: Partial<AskOptions<L>>,
  ): Answered<Sync, Look<LimitName<L> extends never ? string : LimitName<L>>>;

  /** Which limit binds, the place in the queue, a forecast, promises and warnings, in words. */
  explain(options?: Partial<AskOptions<L>>): Answered<Sync, Explanation>;

  /** Nothing passes for so long, for a key or for all; of several pauses the longest wins. */
  pause(duration: Duration, options?: KeyOption): Answered<Sync, void>;
  /** The same until a date. */
  pauseUntil(date: Date | number, options?: KeyOption): Answered<Sync, void>;
  /** Ends a pause. */
  resume(options?: KeyOption): Answered<Sync, void>;

  /** Lets everything through, waiters first, unrecorded, until `reset()`. */
  breach(): void;
  /** Rejects those who wait; returns how many. The limiter stays usable. */
  cancelWaiting(options?: KeyOption & { readonly reason?: unknown }): number;
  /** Forgets the state and rejects those who wait. */
  reset(options?: KeyOption): Answered<Sync, void>;

  /**
   * New limits from now on, for all keys or for one, with the old admissions counted as far as they
   * are known; waiters whose cost became impossible are rejected with `COST_IMPOSSIBLE`.
   */
  setLimits(limits: LimitsInput, options?: KeyOption): void;

  /** The keys that have state. */
  keys(): Answered<Sync, string[]>;
  /** Forgets a key's state; who waits for it goes on waiting. */
  forget(key: string): Answered<Sync, void>;
  /**
   * The state as JSON; of the memory store alone, for shared stores keep their state themselves.
   *
   * @throws `INVALID_OPTION` with a shared store.
   */
  snapshot(): LimiterSnapshot;
  /** Replaces the state by a saved one; the time in between has passed for it. */
  restore(snapshot: LimiterSnapshot): void;
  stats(): Answered<Sync, LimiterStats>;
  /** Calls the listener for every event of a type; returns what ends it. */
  on<T extends EventType>(
    type: T,
    listener: (event: Extract<LimiterEvent, { type: T }>) => void,
  ): () => void;
  /** Ends the limiter: rejects who waits, stops its timers. */
  [Symbol.asyncDispose](): Promise<void>;
}
