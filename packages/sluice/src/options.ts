/** The options of the limiter and of its verbs, and their types by the limits that were given. */

import type { Clock } from "./clock.ts";
import type { AnyCost } from "./costs.ts";
import { InvalidOptionError } from "./errors.ts";
import type { LimitInput, LimitsInput } from "./limits/plan.ts";
import type { Permit } from "./permit.ts";
import type { Store } from "./stores/store.ts";
import { checkClock, checkLimitsFor, count, oneOf, readName } from "./option-checks.ts";
import { type Duration, show, toMicros } from "./time.ts";

/** Options of `createLimiter`. */
export interface LimiterOptions<Sync extends boolean = boolean> {
  /**
   * Names the budget in a shared store, which requires it: same name, same budget. Also in events
   * and in messages; default `"limiter"`.
   */
  readonly name?: string;
  /** Where state lives; default the memory of this process. */
  readonly store?: Store<Sync>;
  /**
   * The limits of a key, where they differ; `undefined` for the limiter's own. Synchronous, asked
   * once for each key until `setLimits`. Limits with `per: "limiter"` stay the limiter's.
   */
  readonly limitsFor?: (key: string) => LimitsInput | undefined;
  /**
   * How many keys the memory store keeps, a whole number from 1 to 2^24 (the default). For one more,
   * the key that would be idle soonest is forgotten, but none that is refused, waited for, paused or
   * held: if all are, the new key is a `KEYS_EXHAUSTED`.
   */
  readonly maxKeys?: number;
  /** How many callers may wait, over all keys: a whole number from 0 to 2^24 (the default). */
  readonly maxWaiting?: number;
  /**
   * Who is rejected with `QUEUE_FULL` when there is one more than `maxWaiting`: the newcomer
   * (`"reject"`, the default), who has waited longest (`"drop-oldest"`), or who is lowest in priority
   * (`"drop-lowest"`).
   */
  readonly overflow?: "reject" | "drop-oldest" | "drop-lowest";
  /**
   * How much waiting one step of `priority` is worth: milliseconds or text, above 0, default 1 s. A
   * call with `priority: 3` goes before those of priority 0 that came up to 3 s earlier.
   */
  readonly ageing?: Duration;
  /**
   * Adds this to every span, to allow for requests that take different times to arrive; milliseconds
   * or text, default 0.
   */
  readonly margin?: Duration;
  /** `"full"` (default): a key without state has everything free. `"used"`: as if all had just been taken. */
  readonly start?: "full" | "used";
  /** What time is; default the system's. */
  readonly clock?: Clock;
}

/** The names of a record of limits; a list has none. */
export type LimitName<L> = L extends LimitInput | readonly LimitInput[] ? never : keyof L & string;

type RequiredName<L> = {
  [K in LimitName<L>]: L[K & keyof L] extends { readonly defaultCost: "required" } ? K : never;
}[LimitName<L>];

type Input<L> = L extends readonly (infer I)[] ? I : L extends LimitInput ? L : L[keyof L];

/** Whether a cost must be given. */
export type NeedsCost<L> =
  Extract<Input<L>, { readonly defaultCost: "required" }> extends never ? false : true;

/** Whether some limit is `concurrency`. */
export type HasConcurrency<L> =
  Extract<Input<L>, { readonly kind: "concurrency" }> extends never ? false : true;

/** A number for every limit but `concurrency`, which takes 1; or numbers by name, for a record of limits. */
export type Cost<L> =
  | number
  | ([LimitName<L>] extends [never]
      ? never
      : { readonly [K in RequiredName<L>]: number } & { readonly [K in LimitName<L>]?: number });

/** What was really used, as `settle` takes it: a cost, from which any name may be left out. */
export type Actual<L> =
  | number
  | ([LimitName<L>] extends [never] ? never : { readonly [K in LimitName<L>]?: number });

type CostOption<L> =
  NeedsCost<L> extends true
    ? {
        /** What it takes: a number for every limit but `concurrency`, or numbers by name. */
        readonly cost: Cost<L>;
      }
    : {
        /**
         * What it takes: a number for every limit but `concurrency`, or numbers by name; of a limit
         * that is not named, its `defaultCost`, which is 1 unless the limit says otherwise.
         */
        readonly cost?: Cost<L>;
      };

/** Options of every verb that asks. */
export type AskOptions<L> = CostOption<L> & {
  /** Whose budget, such as `"user:7"`; default `""`. */
  readonly key?: string;
};

/** Options of `tryAcquire`. */
export type TryOptions<L> = AskOptions<L> & {
  /** Asks although others wait for the key, and so overtakes them; default false. */
  readonly barge?: boolean;
};

/** Options of `acquire`. */
export type AcquireOptions<L> = AskOptions<L> & {
  /** Ends the wait; it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * How long to wait at the most: milliseconds or text, 0 or more; default for as long as it takes.
   * Rejects at once when the forecast lies beyond it.
   */
  readonly timeout?: Duration;
  /**
   * Higher goes first: a whole number from -1,000,000 to 1,000,000, default 0. A step is worth the
   * limiter's `ageing` of waiting.
   */
  readonly priority?: number;
};

/** Options of `acquireSync`. */
export type SyncOptions<L> = AskOptions<L> & {
  /**
   * How long to block at the most: milliseconds or text, 0 or more; default for as long as it takes.
   * Throws at once when it would be longer.
   */
  readonly timeout?: Duration;
};

/** Options of `reserve`. */
export type ReserveOptions<L> = AskOptions<L> & {
  /** How far ahead to book at the most: milliseconds or text, 0 or more, default 1 h. */
  readonly maxWait?: Duration;
};

/** Options of `run`. */
export type RunOptions<L> = AcquireOptions<L> & {
  /**
   * Looks once at the result, or at what was thrown. A duration that it returns pauses the key, or
   * without a key the whole limiter; `undefined` does not. A value that is neither rejects with
   * `INVALID_OPTION`, whose `cause` is the outcome.
   */
  readonly pauseOn?: (outcome: unknown) => Duration | undefined;
};

/** Options of `wrap`. */
export type WrapOptions<L, A extends readonly unknown[] = never, R = unknown> = {
  /** The key, or a function from the arguments of a call to its key; default `""`. */
  readonly key?: string | ((...args: A) => string);
  /** The cost, or a function from the arguments of a call to its cost. */
  readonly cost?: Cost<L> | ((...args: A) => Cost<L>);
  /** From the result to what was really used, which replaces the cost; `undefined` leaves it. */
  readonly settle?: (result: Awaited<R>) => Actual<L> | undefined;
  /** Of every call, as in `acquire`. */
  readonly priority?: number;
  /** How long each call waits for its turn at the most, as in `acquire`. */
  readonly timeout?: Duration;
  /** Ends the waits of all calls, which reject with the signal's reason; what runs goes on. */
  readonly signal?: AbortSignal | undefined;
  /** As in `run`. */
  readonly pauseOn?: (outcome: unknown) => Duration | undefined;
};

/** Options of `map`. */
export type MapOptions<L, T> = {
  /** The key, or a function from an input to its key; default `""`. */
  readonly key?: string | ((input: T) => string);
  /** The cost, or a function from an input to its cost. */
  readonly cost?: Cost<L> | ((input: T) => Cost<L>);
  /**
   * How many inputs are in hand at once, waiting, running, or done and not yet taken: a whole number
   * from 1, default 16. No more input is read ahead.
   */
  readonly concurrency?: number;
  /** Results in the order of the input; default false: as they complete. */
  readonly ordered?: boolean;
  /** Ends the iteration, which throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Of every call, as in `acquire`. */
  readonly priority?: number;
  /** As in `run`. */
  readonly pauseOn?: (outcome: unknown) => Duration | undefined;
};

/** The arguments of a verb: its options may be left out unless a cost is required. */
export type Args<L, O> = NeedsCost<L> extends true ? [options: O] : [options?: O];

/** A booked instant. */
export interface Reservation<L> extends Omit<Permit<Actual<L>>, "waited"> {
  /** Milliseconds from now until it, rounded up. */
  readonly wait: number;
  /**
   * Gives the instant back, unless it has come, or the reservation was settled or released before.
   * Once it is given back, `settle` and `release` throw `ALREADY_RELEASED`.
   *
   * @returns Whether it was given back.
   */
  cancel(): boolean;
}

/** Options as the verbs read them, whatever the limits. */
export interface RawOptions {
  readonly key?: string;
  readonly cost?: AnyCost;
  readonly barge?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly timeout?: Duration;
  readonly priority?: number;
  readonly maxWait?: Duration;
}

/** Times the default ageing it leaves room for every arrival among the exact integers. */
const MOST_PRIORITY = 1_000_000;
/** Milliseconds since the epoch; later, microseconds are no exact integers. */
const LAST_DATE = Date.UTC(2255, 0);

/** How far ahead `reserve` books unless told otherwise, in microseconds. */
export const BOOKED_AHEAD = 3600e6;

export interface Settings {
  readonly name: string;
  readonly maxKeys: number;
  readonly maxWaiting: number;
  readonly overflow: "reject" | "drop-oldest" | "drop-lowest";
  readonly ageing: number;
  readonly margin: number;
  readonly start: "full" | "used";
}

/** The options of a limiter, checked, with their defaults. */
export function readOptions(options: LimiterOptions): Settings {
  checkClock(options.clock);
  checkLimitsFor(options.limitsFor);
  return {
    name: readName(options.name ?? "limiter"),
    maxKeys: count(options.maxKeys, "maxKeys", 1),
    maxWaiting: count(options.maxWaiting, "maxWaiting", 0),
    overflow: oneOf(options.overflow ?? "reject", "overflow", [
      "reject",
      "drop-oldest",
      "drop-lowest",
    ]),
    ageing: toMicros(options.ageing ?? 1_000, "ageing"),
    margin: toMicros(options.margin ?? 0, "margin", 0),
    start: oneOf(options.start ?? "full", "start", ["full", "used"]),
  };
}

/** A priority, checked. */
export function readPriority(priority: number | undefined): number {
  if (priority === undefined) return 0;
  if (Number.isInteger(priority) && Math.abs(priority) <= MOST_PRIORITY) return priority;
  throw new InvalidOptionError(
    `priority must be a whole number from ${-MOST_PRIORITY} to ${MOST_PRIORITY}; got ${show(priority)}. A step of it is worth \`ageing\` of waiting.`,
  );
}

/** A key, checked. */
export function readKey(key: string | undefined): string {
  return typeof key === "string" ? key : withoutKey(key);
}

/** Where there is none, the key is empty; anything else is a mistake. */
function withoutKey(key: unknown): string {
  if (key === undefined) return "";
  throw new InvalidOptionError(`key must be a string; got ${show(key)}. Convert it with String().`);
}

/** A key, checked, where none stands for the whole limiter. */
export function readOneKey(key: string | undefined): string | undefined {
  return key === undefined ? undefined : readKey(key);
}

/** A date in milliseconds since the epoch, checked. */
export function readDate(date: Date | number): number {
  const ms = Number(date);
  if (ms >= 0 && ms <= LAST_DATE) return ms;
  throw new InvalidOptionError(
    `pauseUntil() takes a date from 1970 to 2254, or its milliseconds since the epoch; got ${show(date)}. For a span of time use pause().`,
  );
}
