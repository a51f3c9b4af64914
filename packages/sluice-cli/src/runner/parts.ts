/**
 * The parts of a job, each behind an interface: where rows come from, what waits for the rate, what
 * runs a row, where results go, who watches. The loop (`loop.ts`) knows nothing else.
 */

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

/** What came of one row. */
export type Outcome = { readonly value: unknown } | { readonly error: unknown };

/** Runs rows: in this process, or in workers. */
export interface Executor {
  /** Never rejects: what the function throws is an outcome. */
  run(row: Row): Promise<Outcome>;
  /** Tells every running call to stop, through its signal. */
  abort(reason: unknown): void;
}

/** What a row waits for; a limiter is one. */
export interface Gate {
  acquire(options: { signal: AbortSignal }): Promise<Admission>;
}

export interface Admission {
  /** Milliseconds. */
  readonly waited: number;
  release(): unknown;
}

/** One row's line in the results. */
export interface ResultRecord {
  readonly index: number;
  readonly failed: boolean;
  readonly json: string;
}

export interface ResultSink {
  /** Resolves when the record was handed to the system, rejects when it could not be. */
  write(record: ResultRecord): Promise<void>;
  /** Says that this row, which was read, will have no record. */
  skip(index: number): void;
  /** Writes what is still held back and closes the output. */
  close(): Promise<void>;
}

/** Sees every step of every row. */
export interface JobObserver {
  onRead(): void;
  onStarted(waited: number): void;
  onFinished(failed: boolean): void;
  /** A row that could not be read, after its record was written. */
  onUnreadable(): void;
  /** The input was read to its end; may be called more than once. */
  onInputEnd(): void;
}
