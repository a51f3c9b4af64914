/**
 * The contract of a store: where state lives, and the one atomic step in which it changes.
 *
 * Rules that every store keeps:
 * - `reserve` reads its clock, decides and writes in one atomic step; what it refuses writes nothing.
 * - It admits a prefix of the costs it is asked for, in order (first in, first out), at instants that
 *   never fall and are not before `notBefore`.
 * - A remote store's `amend` is idempotent by ticket, since a reply can be lost: the same change a
 *   second time does nothing. A synchronous one relies on permits, which settle and release once.
 * - The clock never goes back inside the step: now is the larger of the clock and the last seen.
 * - A failure of the store throws (or rejects); it is never told as a refusal.
 * - Instants count from the epoch where there is `waiting`, and from anything where there is none.
 * - An answer carries the `now` it used: replayed through the pure functions it is the same.
 */

import type { Costs } from "../costs.ts";
import type { Clock } from "../clock.ts";
import type { Earliest } from "../limits/limit.ts";
import type { LimitsInput, Plan } from "../limits/plan.ts";

/** What a synchronous store returns itself and a remote one promises. */
export type Answered<Sync extends boolean, T> = Sync extends true ? T : Promise<T>;

/** A question for one key. */
export interface Ask {
  readonly key: string;
  readonly plan: Plan;
  /** One or several admissions, in order. */
  readonly costs: readonly Costs[];
  /**
   * How late after its instant the caller may run, in microseconds; default 0. The admission is
   * recorded at the end of that, so that what is promised after it holds.
   */
  readonly grace?: number;
  /**
   * No instant is before this one, on the store's clock: the caller holds earlier ones that come
   * first. Default 0. Within one ask instants never fall either, so that nobody is overtaken.
   */
  readonly notBefore?: number;
  /** How far ahead an instant may be booked, in microseconds; 0 for now or never. */
  readonly maxWait: number;
  /** When a waiter began to wait, on the store's clock: only `pace` with `catchUp` looks at it. */
  readonly since: number | undefined;
  /** The caller goes on after this turn of the event loop: see `Ledger.endTurn`. */
  readonly deferred: boolean;
}

/** An ask by who goes on at once, for now or never unless it may be booked ahead. */
export function askFor(key: string, plan: Plan, costs: readonly Costs[], maxWait: number = 0): Ask {
  return { key, plan, costs, maxWait, since: undefined, deferred: false };
}

/** The answer; a synchronous store may use the same object again for the next one. */
export interface Answer {
  /** The store's clock in microseconds at the decision. */
  now: number;
  /** How many of the costs were admitted. */
  admitted: number;
  /** When each of them may pass, in microseconds. */
  readonly instants: number[];
  /** Rising numbers that name the admissions. */
  readonly tickets: number[];
  /** For the first that was not admitted: when it would fit (`held`, `NEVER`). */
  until: Earliest;
  /** `until`, ignoring limits with `per: "limiter"`. */
  ownUntil: Earliest;
  /** The rule of the plan that binds; -1 for the gate, `FALLBACK` for a store that stands in. */
  rule: number;
  /**
   * When this was asked, on the scope's clock, where that is later than the call: it came from a
   * second try, or from who stands in for a store that did not answer.
   */
  readonly asked?: number;
}

/** The answer to one cost, now or never; the same object may be used again for the next one. */
export interface Verdict {
  readonly now: number;
  /** Names the admission, which is made at `now`; 0 for a refusal. */
  readonly ticket: number;
  /** As in an answer, of a refusal. */
  readonly until: Earliest;
  readonly rule: number;
}

/** As `rule`: not the store refused, but what answers in its place while it fails. */
export const FALLBACK = -2;

/** A change to what was reserved. */
export type Change =
  | {
      /** Gives back, or takes the rest: `actual` instead of `taken`. Slots stay held. */
      readonly kind: "settle" | "cancel";
      readonly key: string;
      readonly plan: Plan;
      readonly ticket: number;
      /** When the admission was made, in microseconds. */
      readonly at: number;
      readonly taken: Costs;
      readonly actual: Costs;
    }
  | {
      readonly kind: "release";
      readonly key: string;
      readonly plan: Plan;
      readonly ticket: number;
    }
  | {
      readonly kind: "renew";
      readonly key: string;
      readonly plan: Plan;
      readonly ticket: number;
      /** Where the ticket still holds slots: its lease is lost where one of these has ended. */
      readonly held: Costs;
    }
  | {
      /** Nothing before `until` (microseconds): the longer one wins; `undefined` opens it again. */
      readonly kind: "gate";
      /** Without a key, for the whole limiter. */
      readonly key: string | undefined;
      readonly plan: Plan;
      readonly until: number | undefined;
    }
  | {
      /** Just-in-time stores: the caller of a booked instant goes on in this turn (`endTurn`). */
      readonly kind: "resume";
      readonly key: string;
      readonly plan: Plan;
      readonly ticket: number;
      readonly at: number;
      readonly taken: Costs;
    }
  | { readonly kind: "reset"; readonly key: string | undefined };

/** One limit as `peek` sees it. */
export interface RuleView {
  readonly used: number;
  /** When all of it is free again, in microseconds; Infinity while slots are held. */
  readonly resetAt: number;
}

/** What `peek` sees. */
export interface View {
  readonly now: number;
  readonly until: Earliest;
  readonly ownUntil: Earliest;
  readonly rule: number;
  /** For each rate of each rule of the plan. */
  readonly rates: readonly (readonly RuleView[])[];
  /** A lower bound for when costs that queue behind `ahead` units could pass. */
  readonly forecast: Earliest;
}

/** A saved state: JSON, in microseconds on the store's clock at `now`. */
export interface SavedState {
  readonly now: number;
  /** Milliseconds since the epoch. */
  readonly wall: number;
  /** The limiter's own row and each key's: gate, and one list of numbers for each rule. */
  readonly rows: readonly {
    readonly key: string | null;
    readonly plan: string;
    readonly gate: number;
    readonly states: readonly (readonly number[])[];
  }[];
}

/** What a limiter tells a store when it opens its budget there. */
export interface Scope {
  /** Same name, same budget. */
  readonly name: string;
  readonly clock: Clock;
  readonly maxKeys: number;
  /** Whether a cold key starts with everything free, or as if all had been used at the opening. */
  readonly start: "full" | "used";
  /** Whether somebody waits for a key, which must not be forgotten then. */
  readonly isWaited: (key: string) => boolean;
  /** Called when something was freed by others: a release, a reset, an opened gate. */
  readonly onFreed: () => void;
}

/** One limiter's budget in a store. */
export interface Ledger<Sync extends boolean> {
  readonly sync: Sync;
  /** Whether `Scope.onFreed` is called for what other processes free. */
  readonly notifies?: boolean;
  /** Whether calls end by a deadline of their own: then a wait that timed out waits for its answer. */
  readonly bounded?: boolean;
  /** The store's clock, in microseconds. */
  now(): Answered<Sync, number>;
  reserve(ask: Ask): Answered<Sync, Answer>;
  /**
   * `reserve` of one cost, now or never, for a caller who goes on at once. Only where there is a
   * shorter way than `reserve`.
   */
  attempt?(key: string, plan: Plan, cost: Costs): Answered<Sync, Verdict>;
  /** Returns the tickets that were to be renewed, and whose lease had ended before. */
  amend(changes: readonly Change[]): Answered<Sync, readonly number[]>;
  /** Looks without taking; `ahead` is what queues before the costs. */
  peek(ask: Ask, ahead: Costs | undefined): Answered<Sync, View>;
  keys(): Answered<Sync, string[]>;
  /** Only where state dies with the process. */
  save?(): SavedState;
  load?(state: SavedState, plans: ReadonlyMap<string, Plan>): void;
  /**
   * Just-in-time stores only: raises what was admitted with `deferred` since the last call to the
   * present, because the callers' code ran until now. Returns that instant.
   */
  endTurn?(): number;
  close(): Answered<Sync, void>;
}

/** How callers wait for a store that several processes share: what `booked()` of `sluice/store` makes. */
export interface BookedWaiting {
  /**
   * Instants are booked ahead of time, and whoever holds one may run that many microseconds after it.
   * Windows are padded by it.
   */
  readonly grace: number;
  /** How far ahead waiters book, in microseconds. */
  readonly horizon: number;
  /**
   * Makes the limiter that waits so, for `createLimiter`. Stores bring it, so that nobody loads it who
   * has no such store.
   */
  readonly limiter: (limits: LimitsInput, options: object) => object;
}

/** Where state lives. `sync` tells whether answers come at once. */
export interface Store<Sync extends boolean = boolean> {
  readonly sync: Sync;
  /**
   * Of stores that several processes share, and of those whose answers are promises. Absent where
   * waiting is just in time.
   */
  readonly waiting?: BookedWaiting;
  open(scope: Scope): Ledger<Sync>;
}
