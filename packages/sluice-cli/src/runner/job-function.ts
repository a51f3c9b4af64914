/** What a job module is to export. */

import type { Duration, Refusal } from "sluice";
import type { JobLimits } from "./job-options.ts";

/** The second argument of a job function. */
export interface RowContext {
  /** The position of the row in the input, from 0. */
  readonly index: number;
  /** Which call for this row it is, from 1: more after a retry or a lost worker. */
  readonly attempt: number;
  /**
   * Aborts when the attempt has timed out and when the job is ended at once; pass it on to what
   * takes a signal.
   */
  readonly signal: AbortSignal;
  /** The number of the worker, from 0. */
  readonly worker: number;
  /**
   * A limiter of the job's own, by its name in `limiters`; all workers share it.
   *
   * @throws `LIMITER_UNKNOWN` for a name that the job does not have.
   * @example
   * const permit = await context.limiter("llm").acquire({ cost: { tokens: 1800 } });
   */
  limiter(name: string): JobLimiter;
}

/** What a row takes from a limit: a number for all, or numbers by name. */
export type JobCost = number | Readonly<Record<string, number>>;

export interface JobAskOptions {
  /** Whose budget; default `""`. */
  readonly key?: string;
  readonly cost?: JobCost;
}

export interface JobAcquireOptions extends JobAskOptions {
  /** How long to wait at the most. */
  readonly timeout?: Duration;
  /** Higher goes first; a whole number, default 0. */
  readonly priority?: number;
}

/** A limiter that lives with the job and is asked from its workers. */
export interface JobLimiter {
  /**
   * Waits its turn; ends with the row's signal.
   *
   * @throws what `limiter.acquire` of `sluice` throws, with its code.
   */
  acquire(options?: JobAcquireOptions): Promise<JobPermit>;
  /** Answers without waiting for room: a permit or a refusal. */
  tryAcquire(options?: JobAskOptions): Promise<JobPermit | JobRefusal>;
  /** Nothing passes for so long, for a key or for all. */
  pause(duration: Duration, options?: { readonly key?: string }): Promise<void>;
}

export type JobRefusal = Pick<Refusal, "granted" | "limit" | "retryAfter">;

/** What was granted; its slots come back when it is released, or when its worker ends. */
export interface JobPermit extends AsyncDisposable {
  readonly granted: true;
  /** Milliseconds. */
  readonly waited: number;
  /** Replaces the estimate by what was really used. */
  settle(actual: JobCost): Promise<void>;
  /** Gives the slots back. */
  release(): Promise<void>;
}

/**
 * The default export of a job module: called with each row, what it returns or throws is the row's
 * result.
 */
export type JobFunction<Value = unknown, Result = unknown> = (
  row: Value,
  context: RowContext,
) => Result | Promise<Result>;

/** What a worker is told when it starts. */
export interface WorkerContext {
  /** The number of the worker, from 0; the one that replaces it has the same. */
  readonly worker: number;
  /** The job's `data`. */
  readonly data: unknown;
}

/** All that a job module may export. */
export interface JobModule {
  readonly default: JobFunction;
  /** Called once in each worker before its first row. */
  readonly setup?: (context: WorkerContext) => unknown;
  /** Called once in each worker after its last row, unless it was lost. */
  readonly teardown?: (context: WorkerContext) => unknown;
  /** Makes the result out of what the function returned, in the worker. */
  readonly transform?: (result: unknown, context: RowContext) => unknown;
  /** How fast rows may go, where neither flags nor configuration say. */
  readonly limits?: JobLimits;
}
