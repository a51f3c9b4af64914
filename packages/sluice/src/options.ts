/** The options of the limiter and of its verbs, and their types by the limits that were given. */

import type { Clock } from "./clock.ts";
import type { AnyCost } from "./costs.ts";
import { InvalidOptionError } from "./errors.ts";
import type { LimitInput, LimitsInput } from "./limits/plan.ts";
import type { Permit } from "./permit.ts";
import type { Store } from "./stores/store.ts";
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
  /** How many keys are kept, 1 to 2^24; default all of them. */
  readonly maxKeys?: number;
  /** How many callers may wait; default 2^24. */
  readonly maxWaiting?: number;
  /**
   * What happens to one more than `maxWaiting`: it is rejected (default), or it takes the place of
   * the oldest, or of the lowest in priority.
   */
  readonly overflow?: "reject" | "drop-oldest" | "drop-lowest";
  /** What a step of `priority` is worth in waiting time; default 1 s. */
  readonly ageing?: Duration;
  /**
   * Pads every span by the spread between sending and arriving, so that the server sees no more
   * than the limit; default 0.
   */
  readonly margin?: Duration;
  /** Whether a cold start has everything free (default) or as if all had just been used. */
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

/** A number for every rate limit; or numbers by name, for a record of limits. */
export type Cost<L> =
  | number
  | ([LimitName<L>] extends [never]
      ? never
      : { readonly [K in RequiredName<L>]: number } & { readonly [K in LimitName<L>]?: number });

/** What a settlement names: any of the limits. */
export type Actual<L> =
  | number
  | ([LimitName<L>] extends [never] ? never : { readonly [K in LimitName<L>]?: number });

type CostOption<L> =
  NeedsCost<L> extends true ? { readonly cost: Cost<L> } : { readonly cost?: Cost<L> };

/** Options of every verb that asks. */
export type AskOptions<L> = CostOption<L> & {
  /** Whose budget; default `""`. */
  readonly key?: string;
};

/** Options of `tryAcquire`. */
export type TryOptions<L> = AskOptions<L> & {
  /** Overtakes those who wait; default false. */
  readonly barge?: boolean;
};

/** Options of `acquire`. */
export type AcquireOptions<L> = AskOptions<L> & {
  /** Ends the wait; it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** How long to wait at the most; it rejects at once when the forecast lies beyond. */
  readonly timeout?: Duration;
  /** Higher goes first; a whole number, default 0. A step is worth `ageing` of waiting. */
  readonly priority?: number;
};

/** Options of `acquireSync`. */
export type SyncOptions<L> = AskOptions<L> & { readonly timeout?: Duration };

/** Options of `reserve`. */
export type ReserveOptions<L> = AskOptions<L> & {
  /** How far ahead to book at the most; default 1 h. */
  readonly maxWait?: Duration;
};

/** Options of `run`. */
export type RunOptions<L> = AcquireOptions<L> & {
  /**
   * Looks once at the result, or at what was thrown: a duration closes the gate for the key. A value
   * that is no duration rejects with `INVALID_OPTION`, whose `cause` is the outcome.
   */
  readonly pauseOn?: (outcome: unknown) => Duration | undefined;
};

/** Options of `wrap`. */
export type WrapOptions<L, A extends readonly unknown[] = never, R = unknown> = {
  /** The key, or the key of a call. */
  readonly key?: string | ((...args: A) => string);
  /** The cost, or the cost of a call. */
  readonly cost?: Cost<L> | ((...args: A) => Cost<L>);
  /** What was really used, by the result. */
  readonly settle?: (result: Awaited<R>) => Actual<L> | undefined;
  readonly priority?: number;
  readonly timeout?: Duration;
  readonly signal?: AbortSignal | undefined;
  readonly pauseOn?: (outcome: unknown) => Duration | undefined;
};

/** Options of `map`. */
export type MapOptions<L, T> = {
  readonly key?: string | ((input: T) => string);
  readonly cost?: Cost<L> | ((input: T) => Cost<L>);
  /** How many calls run or wait at once, and so how far input is read ahead; default 16. */
  readonly concurrency?: number;
  /** Results in the order of the input; default false: as they complete. */
  readonly ordered?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly priority?: number;
  readonly pauseOn?: (outcome: unknown) => Duration | undefined;
};

/** The arguments of a verb: its options may be left out unless a cost is required. */
export type Args<L, O> = NeedsCost<L> extends true ? [options: O] : [options?: O];

/** A booked instant. */
export interface Reservation<L> extends Omit<Permit<Actual<L>>, "waited"> {
  /** Milliseconds from now until it. */
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

const MOST = 2 ** 24;
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
    maxKeys: count(options.maxKeys ?? MOST, "maxKeys"),
    maxWaiting: count(options.maxWaiting ?? MOST, "maxWaiting", 0),
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

function readName(name: unknown): string {
  if (typeof name === "string") return name;
  throw new InvalidOptionError(`name must be a string, such as "github"; got ${show(name)}.`);
}

function checkLimitsFor(limitsFor: unknown): void {
  if (limitsFor == null || typeof limitsFor === "function") return;
  throw new InvalidOptionError(
    `limitsFor must be a function from a key to its limits, or left out; got ${show(limitsFor)}. For the same limits for every key, pass them as the first argument.`,
  );
}

function checkClock(clock: Partial<Clock> | undefined): void {
  if (clock == null) return;
  const missing = (["now", "wall", "setTimer"] as const).find(
    (name) => typeof clock[name] !== "function",
  );
  if (missing === undefined) return;
  throw new InvalidOptionError(
    `clock must have the functions now, wall and setTimer; got ${show(clock)} without ${missing}. Leave it out for the system's, or pass manualClock() of "sluice/testing".`,
  );
}

function count(value: number, what: string, least = 1): number {
  if (Number.isInteger(value) && value >= least && value <= MOST) return value;
  throw new InvalidOptionError(
    `${what} must be a whole number from ${least} to ${MOST}; got ${show(value)}.`,
  );
}

function oneOf<T extends string>(value: T, what: string, known: readonly T[]): T {
  if (known.includes(value)) return value;
  throw new InvalidOptionError(
    `${what} must be ${known.map((each) => `"${each}"`).join(" or ")}; got ${show(value)}.`,
  );
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

/** A date in milliseconds since the epoch, checked. */
export function readDate(date: Date | number): number {
  const ms = Number(date);
  if (ms >= 0 && ms <= LAST_DATE) return ms;
  throw new InvalidOptionError(
    `pauseUntil() takes a date from 1970 to 2254, or its milliseconds since the epoch; got ${show(date)}. For a span of time use pause().`,
  );
}
