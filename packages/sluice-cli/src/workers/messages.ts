/**
 * What a worker and its job say to each other. One message holds all that one turn of the event
 * loop had to say, in order: a message costs far more than what is in it.
 */

import type { ErrorRecord } from "../runner/result-record.ts";
import type { JobAcquireOptions, JobCost } from "../runner/job-function.ts";
import type { JobLimits } from "../runner/job-options.ts";

/** What a worker needs before it can take rows. */
export interface WorkerStart {
  readonly module: string;
  readonly cwd: string;
  readonly worker: number;
  readonly data: unknown;
  /** Milliseconds an attempt may take. */
  readonly timeout: number | undefined;
  /** How many rows the worker is given at once. */
  readonly concurrency: number;
  /** The names of the job's own limiters. */
  readonly limiters: readonly string[];
}

export type LimiterVerb =
  | { readonly do: "acquire" | "try"; readonly name: string; readonly options: JobAcquireOptions }
  | {
      readonly do: "pause";
      readonly name: string;
      readonly ms: number | string;
      readonly key?: string;
    }
  | { readonly do: "settle"; readonly permit: number; readonly actual: JobCost }
  | { readonly do: "release"; readonly permit: number };

/** From the job to its worker. */
export type Order =
  | { readonly is: "start"; readonly start: WorkerStart }
  | {
      readonly is: "row";
      readonly call: number;
      readonly index: number;
      readonly attempt: number;
      readonly value: unknown;
    }
  | { readonly is: "answer"; readonly ask: number; readonly value: unknown }
  | { readonly is: "refused"; readonly ask: number; readonly error: SentError }
  | { readonly is: "abort" }
  | { readonly is: "exhausted" }
  | { readonly is: "end" };

/** From a worker to the job. */
export type Report =
  | { readonly is: "ready"; readonly limits: JobLimits | undefined }
  | { readonly is: "failed"; readonly code: string; readonly message: string }
  | { readonly is: "value"; readonly call: number; readonly value: unknown }
  | {
      readonly is: "error";
      readonly call: number;
      readonly error: SentError;
      readonly retryAfter?: number;
    }
  | { readonly is: "ask"; readonly ask: number; readonly verb: LimiterVerb }
  | { readonly is: "forget"; readonly ask: number }
  | { readonly is: "ended" };

/** An error as it is sent: clones of errors lose their codes. */
export interface SentError extends ErrorRecord {
  readonly stack?: string;
}
