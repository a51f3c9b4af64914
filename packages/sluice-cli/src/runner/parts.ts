/**
 * The parts of a job, each behind an interface: where rows come from, what waits for the rate, what
 * runs a row, where results go, what remembers, who watches. The loop knows nothing else.
 */

import type { LimiterSnapshot } from "sluice";
import type { CliError } from "../cli-error.ts";

/** One unit of input. */
export interface Row {
  /** Counts the rows from 0: the identity of a row in the results. */
  readonly index: number;
  /** Where it stands in the input, from 1. */
  readonly line: number;
  readonly value: unknown;
}

/** A row that could not be read; the rows after it can. */
export interface BadRow {
  readonly index: number;
  readonly line: number;
  readonly problem: CliError;
}

/**
 * Rows in the order of their index, read as they are asked for. Several `next()` calls may wait at
 * once. Iteration throws when nothing more can be read.
 */
export interface RowSource extends AsyncIterable<Row | BadRow> {
  /** Ends the iteration, a waiting `next()` included; more calls do nothing. */
  close(): void;
}

/** What came of one attempt at a row. */
export type Outcome =
  | { readonly value: unknown }
  | {
      readonly error: unknown;
      /** Milliseconds: what the error said of when to come back. The gate closes for all. */
      readonly retryAfter?: number;
    }
  | {
      /** The worker ended while the row was in it. */
      readonly lost: CliError;
      /** Whether it was the only row in it, or is known to be the one that did it. */
      readonly culprit: boolean;
    };

/** Runs rows: in this process, or in workers. A slot is the place of one worker after another. */
export interface Executor {
  /** How many slots there are; they are numbered from 0. */
  readonly slots: number;
  /** Whether the slot's worker takes rows at once. */
  isReady(slot: number): boolean;
  /**
   * Resolves when the slot's worker takes rows at once, starting it if need be; rejects when there
   * will be none, which ends the job.
   */
  ready(slot: number): Promise<void>;
  /** Never rejects: what the function throws is an outcome. */
  run(row: Row, slot: number, attempt: number): Promise<Outcome>;
  /** Tells every running call to stop, through its signal. */
  abort(reason: unknown): void;
  /** All rows that are left are running: no other will come to help one of them on. */
  exhausted(): void;
  /** Ends the workers, each after its teardown; those that do not obey are killed. */
  close(): Promise<void>;
}

/** What a row waits for; a limiter is one. */
export interface Gate {
  /** @param options.key - Whose turn it is: the slot, for limits that hold per worker. */
  acquire(options: { readonly key: string; readonly signal: AbortSignal }): Promise<Admission>;
  /** Nothing passes for so many milliseconds. */
  pause(ms: number): void;
}

export interface Admission {
  /** Milliseconds. */
  readonly waited: number;
  release(): unknown;
}

/** What came of one row in the end; the sink gives it its form. */
export type ResultRecord =
  | { readonly index: number; readonly row: Row; readonly value: unknown }
  | { readonly index: number; readonly row: Row | BadRow; readonly error: unknown };

/** What of the results is on the disk. */
export interface Flushed {
  /** Bytes of each file, in the sink's own order. */
  readonly offsets: readonly number[];
  /** The rows whose records are in those bytes: first and last index of each run, ascending. */
  readonly done: readonly (readonly [first: number, last: number])[];
  /** The header of results in CSV, once it is written. */
  readonly columns?: readonly string[];
}

export interface ResultSink {
  /**
   * Resolves when the record was handed to the system, rejects when it could not be. Several writes
   * may wait at once; an ordered sink holds a record until those before it are there.
   *
   * @returns Whether it stands there as a failure, as a value that cannot be written does; nothing
   * for a record that is left to a later run.
   */
  write(record: ResultRecord): Promise<boolean | undefined>;
  /**
   * Says that this row, which was read, will have no record from this run: an earlier run has it
   * (`done`), or it was left when the job ended (`left`); in an ordered output that is to be resumed
   * nothing may follow a row that was left.
   */
  skip(index: number, why: "done" | "left"): void;
  /** Puts what was handed over on the disk. */
  flush(): Promise<Flushed>;
  /** Writes what is still held back and closes the output. */
  close(): Promise<void>;
}

/** What a checkpoint remembers. */
export interface JobState {
  readonly flushed: Flushed;
  /** The gate; undefined where a store has its state. */
  readonly limiter: LimiterSnapshot | undefined;
  /** The job's own limiters, by their names. */
  readonly limiters?: Readonly<Record<string, LimiterSnapshot>>;
}

/** Remembers beside the output how far a job has come. */
export interface Journal {
  /** What an earlier run of the job left; undefined when there was none. */
  readonly resumed: Resumed | undefined;
  /** Called before rows that were admitted are sent: in the file when it returns. */
  started(rows: number): void;
  /**
   * Called once a second and at the end, one call at a time. Rows started after the call, even
   * before it resolves, come after the checkpoint.
   */
  checkpoint(state: JobState): Promise<void>;
  /** @param finished - Whether nothing is left to do. */
  close(finished: boolean): Promise<void>;
}

/** What an earlier run left. */
export interface Resumed {
  /** How many rows have their record already. */
  readonly rows: number;
  /** Whether this row is one of them. */
  isDone(index: number): boolean;
  /** The limiter at the last checkpoint. */
  readonly limiter: LimiterSnapshot | undefined;
  /** The job's own limiters then. */
  readonly limiters?: Readonly<Record<string, LimiterSnapshot>> | undefined;
  /** How many rows were started since that checkpoint. */
  readonly started: number;
}

export type WorkerState = "starting" | "ready" | "crashed" | "ended";

/** One call of the function. */
export interface Attempt {
  readonly index: number;
  /** From 1. */
  readonly attempt: number;
  readonly slot: number;
}

/** Sees every step of every row; a slot is one worker's place, from 0. */
export interface JobObserver {
  onRead(): void;
  /** The function is called now. @param waited - Milliseconds at the gate. */
  onStarted(attempt: Attempt, waited: number): void;
  /** The call has ended: its error, if it failed or its worker was lost. */
  onEnded(attempt: Attempt, error?: unknown): void;
  /** The row will be tried again. @param delay - Milliseconds until then, at the least. */
  onRetry(attempt: Attempt, delay: number): void;
  /** The row has its record. */
  onFinished(failed: boolean): void;
  /** A row that could not be read, after its record was written. */
  onUnreadable(): void;
  /** A row that an earlier run has done, and that was passed over. */
  onSkipped(): void;
  /** The input was read to its end; may be called more than once. */
  onInputEnd(): void;
  onWorker(slot: number, state: WorkerState): void;
}
