/**
 * Every failure of Sluice is a `SluiceError` with a stable `code`; a refusal is not a failure, but
 * a value (`Refusal`), and becomes a `LimitExceededError` only where a verb must reject.
 * Each code has a section in `docs/errors.md`.
 */

import type { Refusal } from "./permit.ts";

/** The codes of all failures, stable across versions. */
export type ErrorCode =
  | "INVALID_OPTION"
  | "INVALID_COST"
  | "COST_IMPOSSIBLE"
  | "UNKNOWN_LIMIT"
  | "LIMIT_EXCEEDED"
  | "QUEUE_FULL"
  | "KEYS_EXHAUSTED"
  | "ALREADY_RELEASED"
  | "ALREADY_SETTLED"
  | "RESERVE_HELD"
  | "WOULD_DEADLOCK"
  | "WAIT_CANCELLED"
  | "LIMITER_CLOSED"
  | "INVALID_SNAPSHOT"
  | "STORE_BUSY"
  | "STORE_UNAVAILABLE"
  | "STORE_TIMEOUT"
  | "STORE_CORRUPT"
  | "STORE_TOO_SLOW"
  | "LIMITS_CONFLICT";

/** The common base of all errors that Sluice throws. */
export class SluiceError extends Error {
  /** Stable, for programs; the message is for people. */
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.name = new.target.name;
  }
}

/** An option, a limit or a duration that makes no sense. */
export class InvalidOptionError extends SluiceError {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super("INVALID_OPTION", message, options);
  }
}

/** A cost that is no number, negative, missing though required, or not whole where it must be. */
export class InvalidCostError extends SluiceError {
  constructor(message: string) {
    super("INVALID_COST", message);
  }
}

/** A cost that is more than a limit can ever hold: it would wait for ever. */
export class CostImpossibleError extends SluiceError {
  /** The name of the limit that can never hold it. */
  readonly limit: string;

  constructor(limit: string, message: string) {
    super("COST_IMPOSSIBLE", message);
    this.limit = limit;
  }
}

/** A cost or a call that names a limit which the limiter does not have. */
export class UnknownLimitError extends SluiceError {
  constructor(message: string) {
    super("UNKNOWN_LIMIT", message);
  }
}

/** A refusal, where the verb must reject: it carries which limit refused and for how long. */
export class LimitExceededError extends SluiceError {
  readonly refusal: Refusal;

  /** @param when - Completes "… has no room". */
  constructor(refusal: Refusal, when: string) {
    const wait =
      refusal.retryAfter === undefined
        ? "until somebody releases"
        : `for at least ${refusal.retryAfter} ms`;
    super("LIMIT_EXCEEDED", `${JSON.stringify(refusal.limit)} has no room ${when}, ${wait}.`);
    this.refusal = refusal;
  }
}

/** More callers wait than `maxWaiting` allows. */
export class QueueFullError extends SluiceError {
  constructor(maxWaiting: number) {
    super(
      "QUEUE_FULL",
      `${maxWaiting} callers wait already (maxWaiting); raise it, or slow down the callers.`,
    );
  }
}

/** `maxKeys` is reached and no key may be forgotten. */
export class KeysExhaustedError extends SluiceError {
  constructor(message: string) {
    super("KEYS_EXHAUSTED", message);
  }
}

/** A second `release()`, or a `settle()` after it; the same after `cancel()`. */
export class AlreadyReleasedError extends SluiceError {
  constructor() {
    super(
      "ALREADY_RELEASED",
      "This permit was released or cancelled before; settle before that, release once or leave it to `using`.",
    );
  }
}

/** A second `settle()`. */
export class AlreadySettledError extends SluiceError {
  constructor() {
    super(
      "ALREADY_SETTLED",
      "This permit was settled before; settle once, with the sum of what was used.",
    );
  }
}

/** `reserve()` on a limiter with `concurrency`: nobody knows when a slot will be released. */
export class ReserveHeldError extends SluiceError {
  constructor(limit: string) {
    super(
      "RESERVE_HELD",
      `reserve() cannot book "${limit}", because nobody knows when a slot is released; use acquire().`,
    );
  }
}

/** `acquireSync()` would wait for a slot that only its own, blocked thread can release. */
export class WouldDeadlockError extends SluiceError {
  constructor(message: string) {
    super("WOULD_DEADLOCK", message);
  }
}

/** `cancelWaiting()` or `reset()` ended the wait. */
export class WaitCancelledError extends SluiceError {
  constructor(message: string) {
    super("WAIT_CANCELLED", message);
  }
}

/** The limiter has been disposed of. */
export class LimiterClosedError extends SluiceError {
  constructor() {
    super("LIMITER_CLOSED", "This limiter was disposed of; create a new one.");
  }
}

/** `restore()` was given something that `snapshot()` did not make, or that does not fit the limits. */
export class InvalidSnapshotError extends SluiceError {
  constructor(message: string) {
    super("INVALID_SNAPSHOT", message);
  }
}

/** The store could not decide: neither granted nor refused. Each of its failures has a class. */
export class StoreError extends SluiceError {}

/** Others keep a store without a server busy; trying again soon helps. */
export class StoreBusyError extends StoreError {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super("STORE_BUSY", message, options);
  }
}

/** The store cannot be reached, or does not take what it is told. */
export class StoreUnavailableError extends StoreError {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super("STORE_UNAVAILABLE", message, options);
  }
}

/** The store did not answer in time; what it was asked for may have happened. */
export class StoreTimeoutError extends StoreError {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super("STORE_TIMEOUT", message, options);
  }
}

/** What is in the store was not written by this version of Sluice, or was damaged. */
export class StoreCorruptError extends StoreError {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super("STORE_CORRUPT", message, options);
  }
}

/** Answers come so late that no booked instant can be kept. */
export class StoreTooSlowError extends StoreError {
  constructor(message: string) {
    super("STORE_TOO_SLOW", message);
  }
}

/** Another limiter of the same name has another kind of limit in this place. */
export class LimitsConflictError extends StoreError {
  constructor(message: string) {
    super("LIMITS_CONFLICT", message);
  }
}
