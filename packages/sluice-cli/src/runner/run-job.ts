/** A job as a function: rows in, results out as they come. */

import { libraryHost } from "../host.ts";
import { Tally } from "../progress/tally.ts";
import type { JobOptions, JobResult } from "./job-options.ts";
import type { Listener } from "./listener-sink.ts";
import { openJob } from "./open-job.ts";
import { checkKinds } from "./option-kinds.ts";
import { runOpenJob } from "./run-open-job.ts";
import { StopControl } from "./stop-control.ts";

/** What became of a job. */
export interface JobSummary {
  /** Rows that have their result from this run. */
  readonly rows: number;
  /** Those of them that failed. */
  readonly failed: number;
  /** Rows that an earlier run had done. */
  readonly skipped: number;
  /** Whether nothing is left to do: false when it was stopped before. */
  readonly finished: boolean;
}

/** A job that runs while its results are taken; iterate it, or call `run`, once. */
export interface Job<Result = unknown> extends AsyncGenerator<
  JobResult<Result>,
  JobSummary,
  undefined
> {
  /** Runs it to the end for those who need no iteration: with an output file, or `onResult`. */
  run(): Promise<JobSummary>;
}

/**
 * Runs the function of a module over rows, in workers, at a limited rate.
 *
 * Nothing happens before the first result is asked for. Leaving the loop ends the job: rows that
 * run are finished, workers end. A row that fails is a result with `error`; what ends the job
 * itself (a module that does not load, input that throws, a full disk) is thrown, when all that ran
 * has ended.
 *
 * @throws `CliError` with a stable `code`; what the input's iterator or `onResult` throws, as it is.
 * @example
 * const job = runJob({ module: "./job.ts", input: rows(), limits: "100/s", workers: 4 });
 * for await (const { index, value, error } of job) {
 *   if (error) console.error(index, error.message);
 *   else console.log(index, value);
 * }
 */
export function runJob<Value = unknown, Result = unknown>(
  options: JobOptions<Value, Result>,
): Job<Result> {
  const results = iterate(options as JobOptions) as AsyncGenerator<JobResult<Result>, JobSummary>;
  const run = async (): Promise<JobSummary> => {
    for (;;) {
      const next = await results.next();
      if (next.done) return next.value;
    }
  };
  return Object.assign(results, { run });
}

async function* iterate(options: JobOptions): AsyncGenerator<JobResult, JobSummary, undefined> {
  checkKinds(options); // before anything is done with the signal
  const host = libraryHost();
  const tally = new Tally(host.clock);
  const stop = new StopControl();
  const onAbort = (): void => stop.stop();
  options.signal?.throwIfAborted();
  options.signal?.addEventListener("abort", onAbort, { once: true });
  const handover = new Handover();
  try {
    const job = await openJob({ options, host, observer: tally, listener: handover.give });
    const running = runOpenJob(job, { stop, observer: tally, clock: host.clock });
    void running.then(() => handover.end());
    try {
      for (let taken = await handover.take(); taken; taken = await handover.take()) {
        for (const result of taken) yield result;
      }
    } finally {
      if (!handover.ended) stop.stop();
      handover.close();
      await throwFirst(running);
    }
    const { finished, unreadable, failed, skipped } = tally;
    return {
      rows: finished + unreadable,
      failed: failed + unreadable,
      skipped,
      finished: !stop.stopping.aborted,
    };
  } finally {
    options.signal?.removeEventListener("abort", onAbort);
  }
}

async function throwFirst(running: Promise<readonly unknown[]>): Promise<void> {
  const failures = await running;
  if (failures.length > 0) throw failures[0];
}

/** Hands results from the job to whoever iterates: the job waits until they are taken. */
class Handover {
  #results: JobResult[] = [];
  #taken: (() => void)[] = [];
  #wake: () => void = () => {};
  #closed = false;
  ended = false;

  readonly give: Listener = (result) => {
    if (this.#closed) return undefined;
    this.#results.push(result);
    this.#wake();
    return new Promise((resolve) => {
      this.#taken.push(resolve);
    });
  };

  /** All results that wait, at least one; nothing when there will be no more. */
  async take(): Promise<readonly JobResult[] | undefined> {
    this.#release();
    if (this.#results.length === 0 && !this.ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#results.length === 0) return undefined;
    const results = this.#results;
    this.#results = [];
    return results;
  }

  end(): void {
    this.ended = true;
    this.#wake();
  }

  /** Nobody takes any more. */
  close(): void {
    this.#closed = true;
    this.#release();
  }

  #release(): void {
    for (const taken of this.#taken.splice(0)) taken();
  }
}
