/** What a job is told: the same for `runJob`, the flags and `sluice.config.ts`. */

import type { Duration, LimitInput, Store } from "sluice";
import type { Format } from "../input/format.ts";

/** Where the function runs. */
export type Isolation = "process" | "thread" | "none";

/** One limit, or several that hold at once; `"unlimited"` for none. */
export type JobLimits = LimitInput | readonly LimitInput[];

/** A row's result as `runJob` gives it out. */
export type JobResult<Result = unknown> =
  | { readonly index: number; readonly value: Result; readonly error?: never }
  | { readonly index: number; readonly error: Error; readonly value?: never };

/** Several files as one input, in this order. */
export interface JobFiles {
  readonly files: readonly string[];
}

/** Options of a job. Durations are milliseconds or texts such as `"30s"`. */
export interface JobOptions<Value = unknown, Result = unknown> {
  /** The file whose default export is called with each row. */
  readonly module: string;
  /**
   * The rows: the path of a file, several files, or anything that can be iterated, which is read as
   * rows are needed and may be endless. `"-"` is standard input, and so is nothing.
   */
  readonly input?: string | JobFiles | Iterable<Value> | AsyncIterable<Value>;
  /** How files of rows are written; default what the ending of the first says. */
  readonly format?: Format;
  /** Only so many rows of the input, 0 to 2^53 - 1; default all. */
  readonly first?: number;

  /** A file for the results; `"-"` is stdout. */
  readonly output?: string;
  /** How results are written; default by the ending of the output, else JSON Lines. */
  readonly outputFormat?: "jsonl" | "csv";
  /** The keys of results that become columns of CSV, and no others; default those of the first. */
  readonly columns?: readonly string[];
  /** A file for the rows that failed. */
  readonly failed?: string;
  /** Results in the order of the rows; default false: as they come. */
  readonly ordered?: boolean;
  /** How many rows may be read and not yet written, 1 to 1,000,000; default 1,000 or the lanes. */
  readonly ahead?: number;
  /** Replaces outputs and a journal that exist; default false. */
  readonly force?: boolean;
  /** Remembers how far the job is; `true` for `<output>.journal`. Default true with an output file. */
  readonly journal?: boolean | string;
  /** Goes on where the journal says that the job stopped; default false. */
  readonly resume?: boolean;

  /** How fast rows may go, over all workers; default what the module exports as `limits`. */
  readonly limits?: JobLimits;
  /** How fast rows may go in each worker, besides. */
  readonly perWorker?: JobLimits;
  /** Limits that the function asks for itself, by name: `context.limiter("llm")`. */
  readonly limiters?: Readonly<Record<string, JobLimits | Readonly<Record<string, LimitInput>>>>;
  /**
   * Where the state of `limits` is, so that jobs on several machines hold them together:
   * `redis://…`, `rediss://…`, `postgres://…`, `sqlite:file`, `shared:file`, or a store of `sluice`, which
   * stays open. Default the memory of this process.
   */
  readonly store?: string | Store<boolean>;
  /** Names the limits in the store, which requires it: same name, same budget. */
  readonly name?: string;
  /**
   * How late after its instant a row may start on a store; windows are padded by it, and the way to
   * the store must be shorter. Default `"20ms"`.
   */
  readonly grace?: Duration;
  /** How long rows wait for a store that fails, before the job ends; default `"5m"`. */
  readonly storeTimeout?: Duration;
  /** Pads every window by the jitter between sending and arriving; default `"50ms"`. */
  readonly margin?: Duration;

  /** How many workers, 1 to 256; default 1. */
  readonly workers?: number;
  /** Calls at once in each worker, 1 to 100,000; default 20. */
  readonly concurrency?: number;
  /** Where the function runs; default `"process"` when `workers` is given, else `"none"`. */
  readonly isolation?: Isolation;
  /** How many MiB of objects each worker may hold before it ends; default what Node takes. */
  readonly memory?: number;
  /** Handed to the module's `setup` in every worker: plain data, as it is cloned. */
  readonly data?: unknown;

  /** How often a row that failed is tried again, 0 to 1,000; default 0. */
  readonly retries?: number;
  /** The longest pause before the second attempt, doubled for each one more; default `"1s"`. */
  readonly backoff?: Duration;
  /** No pause is longer than this; default `"60s"`. */
  readonly maxBackoff?: Duration;
  /** How long one attempt may take; default for ever. */
  readonly timeout?: Duration;
  /** How many workers a row may take down alone before it is set aside, 1 to 100; default 3. */
  readonly crashes?: number;
  /** Whether the first row that fails for good ends the job; default `"continue"`. */
  readonly onError?: "continue" | "stop";

  /** Called with each result, in its turn; what it throws ends the job. */
  readonly onResult?: (result: JobResult<Result>) => void | Promise<void>;
  /** Ends the job: no more rows start, those that run are finished. */
  readonly signal?: AbortSignal;
}
