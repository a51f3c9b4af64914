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
  /** Permits and reservations that were given. */
  readonly admitted: number;
  /** Refusals that were answered, and waits that a `timeout` ended. */
  readonly refused: number;
  /** Callers rejected because of `maxWaiting`. */
  readonly dropped: number;
  /** Callers that wait now. */
  readonly waiting: number;
  /** Keys that have state now. */
  readonly keys: number;
}

/** For one key, or for the whole limiter. */
export interface KeyOption {
  /** Whose; without it, all of them. */
  readonly key?: string;
}

type AnyFn = (...args: never[]) => unknown;

/**
 * Lets code through at the rate its limits allow. The verbs differ in what they do when there is no
 * room: most callers want `acquire`, or `run` which also releases; a server that says no wants
 * `tryAcquire`; who does the waiting elsewhere wants `reserve`.
 *
 * With a shared store every verb may also fail with a code that begins with `STORE_`, or with
 * `LIMITS_CONFLICT`; `docs/errors.md` has all codes.
 */
// oxlint-disable-next-line no-explicit-any -- `Limiter` alone stands for one with any limits.
export interface Limiter<L = any, Sync extends boolean = true> extends AsyncDisposable {
  /** The name it was made with; default `"limiter"`. */
  readonly name: string;

  /**
   * Answers at once: a permit, or a refusal with the limit and the time until it would fit. Refuses
   * while others wait for the key, unless it may `barge`.
   *
   * @throws `INVALID_OPTION`, `INVALID_COST`, `COST_IMPOSSIBLE`, `UNKNOWN_LIMIT`, `KEYS_EXHAUSTED`,
   *   `LIMITER_CLOSED`.
   * @example
   * const answer = limiter.tryAcquire({ key: "user:7" });
   * if (!answer.granted) console.log(`again in ${answer.retryAfter} ms`);
   */
  tryAcquire(
    ...options: Args<L, TryOptions<L>>
  ): Answered<Sync, PermitOf<Actual<L>, Sync> | Refusal>;

  /**
   * Waits its turn: first come, first served within a key. Rejects at once when the forecast lies
   * beyond `timeout`. If only a release can help, there is no forecast: it waits until `timeout` and
   * then rejects.
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
   * @throws `LIMIT_EXCEEDED` as soon as it is clear that it would wait beyond `timeout`, `WOULD_DEADLOCK` when only
   *   this thread could release what it waits for, `INVALID_OPTION` where the thread may not block,
   *   such as the main one of a page, and what `tryAcquire` throws.
   * @example
   * for (const file of files) {
   *   limiter.acquireSync({ timeout: "1m" });
   *   upload(file);
   * }
   */
  acquireSync: Sync extends true
    ? (...options: Args<L, SyncOptions<L>>) => Permit<Actual<L>>
    : never;

  /**
   * Books the next free instant, at most `maxWait` ahead (default 1 h), and leaves the waiting to the
   * caller; a refusal when there is none. Those who wait in the queue are booked before it.
   *
   * @throws `RESERVE_HELD` with `concurrency`, and what `tryAcquire` throws.
   * @example
   * const booked = limiter.reserve();
   * if (booked.granted) setTimeout(send, booked.wait);
   */
  reserve: HasConcurrency<L> extends true
    ? never
    : (...options: Args<L, ReserveOptions<L>>) => Answered<Sync, Reservation<L> | Refusal>;

  /**
   * Acquires, calls `fn` with the permit, and releases whatever happens. What `fn` returned or threw is
   * what the caller gets, even if the slot cannot be released or the gate not be closed.
   *
   * @throws What `acquire` rejects with, what `fn` throws, and `INVALID_OPTION` for an `fn` that is no
   *   function and for a pause that is no duration.
   * @example
   * const page = await limiter.run(() => fetch(url), { pauseOn: retryAfter });
   */
  run<R>(
    fn: (permit: PermitOf<Actual<L>, Sync>) => R,
    ...options: Args<L, RunOptions<L>>
  ): Promise<Awaited<R>>;

  /**
   * A function of the same arguments that goes through `run`; with a decorator's context, the
   * decorator itself; with options alone, a decorator. What it returns rejects as `run` does.
   *
   * @throws `INVALID_OPTION` for what is neither a function nor options.
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
   * Calls `fn` for every input through the limiter, lazily and with bounded read-ahead. A failure
   * ends it: those who wait are given up, those that run come to their end, and then it throws.
   *
   * @throws `INVALID_OPTION` at the call; while it is iterated what `acquire` rejects with, and what
   *   `fn` and the input throw.
   * @example
   * for await (const page of limiter.map(urls, fetchPage, { concurrency: 20, ordered: true })) {}
   */
  map<T, R>(
    inputs: Iterable<T> | AsyncIterable<T>,
    fn: (input: T, index: number) => R,
    options?: MapOptions<L, T>,
  ): AsyncGenerator<Awaited<R>, void, undefined>;

  /**
   * Takes nothing: what `tryAcquire` would say, and what is used and left of each limit.
   *
   * @throws `INVALID_OPTION`, `INVALID_COST`, `COST_IMPOSSIBLE`, `UNKNOWN_LIMIT`, `LIMITER_CLOSED`.
   * @example
   * const { granted, limits } = limiter.peek({ key: "user:7" });
   * console.log(granted, limits["100/1m"].remaining);
   */
  peek(
    options?: Partial<AskOptions<L>>,
  ): Answered<Sync, Look<LimitName<L> extends never ? string : LimitName<L>>>;

  /**
   * Which limit binds, the place in the queue, a forecast, promises and warnings, in words and data.
   *
   * @throws What `peek` throws.
   * @example
   * console.log(limiter.explain({ key: "user:7" }).text);
   */
  explain(options?: Partial<AskOptions<L>>): Answered<Sync, Explanation>;

  /**
   * Nothing passes for so long, for a key or for the whole limiter; of several pauses the longest
   * wins. Permits that are out stay as they are.
   *
   * @param duration - Milliseconds or text, from 0 to `"36525d"`.
   * @throws `INVALID_OPTION`, `KEYS_EXHAUSTED`, `LIMITER_CLOSED`.
   * @example
   * limiter.pause("30s", { key: "api.example.com" });
   */
  pause(duration: Duration, options?: KeyOption): Answered<Sync, void>;
  /**
   * The same until a date. One in the past does nothing.
   *
   * @param date - A `Date`, or milliseconds since the epoch (no span), from 1970 to 2254.
   * @throws What `pause` throws.
   * @example
   * limiter.pauseUntil(new Date("2030-01-01T00:00:00Z"));
   */
  pauseUntil(date: Date | number, options?: KeyOption): Answered<Sync, void>;
  /**
   * Ends a pause at once; without a key that of the whole limiter, and not those of single keys.
   *
   * @throws `LIMITER_CLOSED`.
   */
  resume(options?: KeyOption): Answered<Sync, void>;

  /**
   * Lets everything through, waiters first and in their order, unrecorded, until `reset()`. On shared
   * stores only in this limiter.
   *
   * @throws `LIMITER_CLOSED`.
   */
  breach(): void;
  /**
   * Rejects those who wait, of a key or all, with the `reason` or else `WAIT_CANCELLED`. The limiter
   * stays usable.
   *
   * @returns How many.
   * @example
   * limiter.cancelWaiting({ key: "user:7", reason: new Error("signed out") });
   */
  cancelWaiting(options?: KeyOption & { readonly reason?: unknown }): number;
  /**
   * Forgets the state of a key or of all, ends its pauses, and rejects those who wait with
   * `WAIT_CANCELLED`. Without a key it also ends a `breach`.
   *
   * @throws `LIMITER_CLOSED`.
   */
  reset(options?: KeyOption): Answered<Sync, void>;

  /**
   * New limits from now on, for all keys or for one, with the old admissions counted as far as they
   * are known; those who wait with a cost that became impossible are rejected with `COST_IMPOSSIBLE`.
   * A key that was given limits keeps them until there are new ones for all.
   * Permits that are out do not count for a `concurrency` limit that was renamed, or taken out and
   * added again. Where `limitsFor` throws for a key, those who wait with it are rejected with that.
   *
   * @throws `INVALID_OPTION`, and then the old limits stay; `LIMITER_CLOSED`.
   * @example
   * limiter.setLimits("200/1m", { key: "user:7" });
   */
  setLimits(limits: LimitsInput, options?: KeyOption): void;

  /** The keys that have state. */
  keys(): Answered<Sync, string[]>;
  /**
   * Forgets a key's state, its pause too; those who wait for it go on waiting.
   *
   * @throws `INVALID_OPTION` for what is no string.
   */
  forget(key: string): Answered<Sync, void>;
  /**
   * The state as JSON; of the memory store alone, for shared stores keep their state themselves.
   *
   * @throws `INVALID_OPTION` with a shared store.
   * @example
   * writeFileSync("limiter.json", JSON.stringify(limiter.snapshot()));
   */
  snapshot(): LimiterSnapshot;
  /**
   * Replaces the state by a saved one; the time in between has passed for it. Of more keys than
   * `maxKeys` those that would be idle soonest are left out.
   *
   * @throws `INVALID_SNAPSHOT` for what `snapshot` did not make, or made under limits that this
   *   limiter does not have; `INVALID_OPTION` with a shared store; `LIMITER_CLOSED`.
   * @example
   * limiter.restore(JSON.parse(readFileSync("limiter.json", "utf8")));
   */
  restore(snapshot: LimiterSnapshot): void;
  /** Counts of what was admitted and refused, and how many wait. */
  stats(): Answered<Sync, LimiterStats>;
  /**
   * Calls the listener for every event of a type.
   *
   * @returns What ends it.
   * @example
   * const off = limiter.on("refuse", ({ key, limit }) => console.log(key, limit));
   */
  on<T extends EventType>(
    type: T,
    listener: (event: Extract<LimiterEvent, { type: T }>) => void,
  ): () => void;
  /** Ends the limiter: rejects who waits with `LIMITER_CLOSED`, and stops its timers. */
  [Symbol.asyncDispose](): Promise<void>;
}
