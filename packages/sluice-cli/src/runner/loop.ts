/**
 * The loop of a job. As many lanes as calls may run at once; each lane takes the next row, waits
 * its turn at the gate, runs it, and writes what came of it before it takes another. So at most one
 * row a lane is read ahead, and a slow output slows the input down: memory is bounded.
 */

import type {
  Admission,
  BadRow,
  Executor,
  Gate,
  JobObserver,
  Outcome,
  ResultSink,
  Row,
  RowSource,
} from "./parts.ts";
import { recordOf } from "./result-record.ts";
import type { StopControl } from "./stop-control.ts";

export interface JobParts {
  readonly source: RowSource;
  readonly gate: Gate;
  readonly executor: Executor;
  readonly sink: ResultSink;
  readonly observer: JobObserver;
  readonly stop: StopControl;
  /** Calls at once, at least 1. */
  readonly concurrency: number;
}

/**
 * Runs all rows. Failed rows are results; what ends the job before its end (unreadable input, an
 * output that cannot be written) is thrown once the running rows are finished.
 */
export async function runLoop(parts: JobParts): Promise<void> {
  const { source, executor, stop, concurrency } = parts;
  const failures: unknown[] = [];
  const rows = source[Symbol.asyncIterator]();
  const lane = async (): Promise<void> => {
    try {
      while (await step(parts, rows));
    } catch (error) {
      failures.push(error);
      stop.stop();
    }
  };
  stop.stopping.addEventListener("abort", () => source.close(), { once: true });
  stop.aborting.addEventListener("abort", () => executor.abort(stop.aborting.reason), {
    once: true,
  });
  await Promise.race([Promise.all(Array.from({ length: concurrency }, lane)), stop.aborted]);
  source.close();
  if (failures.length > 0) throw failures[0];
}

/** One row from end to end; false when the lane has nothing more to do. */
async function step(parts: JobParts, rows: AsyncIterator<Row | BadRow>): Promise<boolean> {
  const { sink, observer, stop } = parts;
  const next = await rows.next();
  if (next.done) {
    if (!stop.stopping.aborted) observer.onInputEnd();
    return false;
  }
  const row = next.value;
  if ("problem" in row) {
    observer.onRead();
    await sink.write(recordOf(row.index, { error: row.problem }));
    observer.onUnreadable();
    return !stop.stopping.aborted;
  }
  let outcome: Outcome | undefined;
  try {
    if (!stop.stopping.aborted) outcome = await outcomeOf(row, parts);
  } finally {
    if (!outcome) sink.skip(row.index);
  }
  if (!outcome) return false;
  const record = recordOf(row.index, outcome);
  await sink.write(record);
  observer.onFinished(record.failed);
  return true;
}

/** Waits for the row's turn and runs it; nothing when the job ended meanwhile. */
async function outcomeOf(row: Row, parts: JobParts): Promise<Outcome | undefined> {
  const { gate, executor, observer, stop } = parts;
  observer.onRead();
  let admission: Admission;
  try {
    admission = await gate.acquire({ signal: stop.stopping });
  } catch (error) {
    if (stop.stopping.aborted) return undefined;
    throw error;
  }
  observer.onStarted(admission.waited);
  try {
    const outcome = await executor.run(row);
    return stop.aborting.aborted ? undefined : outcome;
  } finally {
    await admission.release();
  }
}
