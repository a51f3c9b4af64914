/**
 * What a limit is: plain numbers, and a pure function from its state, a cost and now to the
 * earliest instant at which the cost may pass. Nothing here reads a clock or does I/O.
 *
 * State lives in a `Float64Array` that the store owns, from a base index on: a store may keep a
 * million keys in one array. A state of zeros is the empty state. Rings and slots grow: their
 * `room` says how many numbers the state must have before a commit, and the store moves it.
 */

/** Whose budget a limit is: one for each key, or one under all keys of the limiter. */
export type Per = "key" | "limiter";

/** An instant on the store's clock in whole microseconds, or one of the two answers below. */
export type Earliest = number;

/** More than the limit can ever hold. */
export const NEVER: Earliest = Number.POSITIVE_INFINITY;

/** Only after somebody releases, and not before the instant: held instants are negative. */
export function held(notBefore: number): Earliest {
  return -1 - notBefore;
}

export function isHeld(earliest: Earliest): boolean {
  return earliest < 0;
}

/** The instant before which a cost cannot pass in any case. */
export function instantOf(earliest: Earliest): number {
  return earliest < 0 ? heldUntil(earliest) : earliest;
}

/** The instant before which a held cost cannot pass. */
export function heldUntil(earliest: Earliest): number {
  return -1 - earliest;
}

/** The later of two answers: held wins over any instant, NEVER over both. */
export function later(a: Earliest, b: Earliest): Earliest {
  if (a === NEVER || b === NEVER) return NEVER;
  if (a >= 0 && b >= 0) return a > b ? a : b;
  return held(Math.max(instantOf(a), instantOf(b)));
}

/** What every limit has besides its numbers. */
export interface Terms {
  readonly per: Per;
  /** How much of it an ask takes that names no cost. */
  readonly defaultCost: number | "required";
}

/** One rate of an exact window: at most `count` in any `span` microseconds. */
export interface Rate {
  readonly count: number;
  readonly span: number;
}

/** Never more than `count` in any window, for each of its rates, by a ring of instants. */
export interface WindowLimit extends Terms {
  readonly kind: "window";
  readonly rates: readonly Rate[];
  /** The largest count: how many instants must be remembered. */
  readonly most: number;
  /** The longest span. */
  readonly widest: number;
}

/** The same bound by sums over `parts` whole parts, for large counts and costs. */
export interface PartsLimit extends Terms {
  readonly kind: "parts";
  readonly count: number;
  readonly span: number;
  readonly parts: number;
  /** Microseconds in one part. */
  readonly part: number;
  /** Costs are rounded up to multiples of this power of two, so that sums stay exact. */
  readonly grain: number;
}

/** Spacing of 1/rate with a burst: one unit takes exactly `micros / units` microseconds. */
export interface PaceLimit extends Terms {
  readonly kind: "pace";
  /** As written, for printing: `count` per `span` microseconds. */
  readonly count: number;
  readonly span: number;
  readonly micros: number;
  readonly units: number;
  readonly burst: number;
  readonly catchUp: number;
}

/** Calendar periods. */
export type CalendarPeriod = "day" | "week" | "month";

/** At most `count` in a calendar period, or in a fixed one counted from `anchor`. */
export interface QuotaLimit extends Terms {
  readonly kind: "quota";
  readonly count: number;
  /** A calendar period, or whole microseconds. */
  readonly period: CalendarPeriod | number;
  readonly timeZone: string;
  /** Microseconds since the epoch at which fixed periods are counted from. */
  readonly anchor: number;
  /** Microseconds before a border in which nothing passes: the margin. */
  readonly guard: number;
}

/** Never more than `slots` held at once; a released slot returns `cooldown` later. */
export interface ConcurrencyLimit extends Terms {
  readonly kind: "concurrency";
  readonly slots: number;
  readonly cooldown: number;
  /** Microseconds after which a slot of a dead holder returns; 0 for the store's default. */
  readonly lease: number;
}

/** The lease of slots in a shared store whose limit names none, in microseconds. */
export const DEFAULT_LEASE = 30_000_000;

/** Everything passes. */
export interface UnlimitedLimit extends Terms {
  readonly kind: "unlimited";
}

/** Nothing passes until `setLimits` says otherwise. */
export interface BlockedLimit extends Terms {
  readonly kind: "blocked";
}

export type AnyLimit =
  | WindowLimit
  | PartsLimit
  | PaceLimit
  | QuotaLimit
  | ConcurrencyLimit
  | UnlimitedLimit
  | BlockedLimit;

/** The time of one decision. */
export interface Moment {
  /** Microseconds on the store's clock. */
  readonly now: number;
  /** Microseconds since the epoch at the same moment; shared stores use one clock for both. */
  readonly wall: number;
  /** When a late waiter arrived: `pace` may commit it up to `catchUp` units before now. */
  readonly since: number;
}
