/** What a job module is to export. */

/** The second argument of a job function. */
export interface RowContext {
  /** The position of the row in the input, from 0. */
  readonly index: number;
  /** Aborts when the job is ended at once; pass it on to what takes a signal. */
  readonly signal: AbortSignal;
}

/**
 * The default export of a job module: called with each row, what it returns or throws is the row's
 * result.
 */
export type JobFunction<Value = unknown, Result = unknown> = (
  row: Value,
  context: RowContext,
) => Result | Promise<Result>;
