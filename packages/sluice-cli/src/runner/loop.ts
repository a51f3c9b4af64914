/**
 * The loop of a job. Every slot has as many lanes as calls may run at once in its worker; a lane
 * takes a row, waits for the worker and for its turn at the gate, runs it, and hands on what came
 * of it. Rows in hand are bounded (`ahead`), so a slow output slows the input down.
 */

import type { Clock } from "sluice";
import { CliError } from "../cli-error.ts";
import { Feed, type Task } from "./feed.ts";
import type {
  Admission,
  Executor,
  Gate,
  JobObserver,
  Journal,
  Outcome,
  ResultRecord,
  ResultSink,
  RowSource,
} from "./parts.ts";
import { Quarantine } from "./quarantine.ts";
import { pauseAfter, type RetryPolicy } from "./retry-policy.ts";
import type { StopControl } from "./stop-control.ts";

export interface JobParts {
  readonly source: RowSource;
  readonly gate: Gate;
  readonly executor: Executor;
  readonly sink: ResultSink;
  readonly observer: JobObserver;
  readonly stop: StopControl;
  readonly clock: Clock;
  /** Told of each row before it is sent; undefined where nothing depends on it. */
  readonly journal: Pick<Journal, "started"> | undefined;
  /** Calls at once in each slot, at least 1. */
  readonly concurrency: number;
  /** Rows read and not yet written, at the most. */
  readonly ahead: number;
  readonly retry: RetryPolicy;
  /** How many workers a row may take down alone. */
  readonly crashes: number;
  readonly onError: "continue" | "stop";
}

/**
 * Runs all rows. Failed rows are results; what ends the job before its end (unreadable input, an
 * output that cannot be written, workers that do not start) is thrown once the running rows are
 * finished.
 */
export async function runLoop(parts: JobParts): Promise<void> {
  await new Loop(parts).run();
}

class Loop {
  readonly #parts: JobParts;
  readonly #feed: Feed;
  readonly #failures: unknown[] = [];
  #running = 0;

  constructor(parts: JobParts) {
    this.#parts = parts;
    const { sink, observer } = parts;
    this.#feed = new Feed({
      ...parts,
      left: (index) => sink.skip(index, "left"),
      unreadable: (row) => {
        this.#write({ index: row.index, row, error: row.problem }, () => observer.onUnreadable());
      },
      // What was read goes on; the failure is thrown when it is done.
      fail: (error) => void this.#failures.push(error),
      atEnd: () => this.#noteExhausted(),
    });
  }

  async run(): Promise<void> {
    const { source, executor, stop, concurrency } = this.#parts;
    const onStopping = (): void => {
      source.close();
      this.#feed.stop();
    };
    if (stop.stopping.aborted) onStopping();
    else stop.stopping.addEventListener("abort", onStopping, { once: true });
    stop.aborting.addEventListener("abort", () => executor.abort(stop.aborting.reason), {
      once: true,
    });
    const lanes = Array.from({ length: executor.slots }, (_, slot) => {
      const quarantine = new Quarantine();
      stop.stopping.addEventListener("abort", () => quarantine.wake(), { once: true });
      return Array.from({ length: concurrency }, () => this.#lane(slot, quarantine));
    });
    const done = Promise.all([...lanes.flat(), this.#feed.drained]);
    await Promise.race([done, stop.aborted]);
    source.close();
    if (this.#failures.length > 0) throw this.#failures[0];
  }

  async #lane(slot: number, quarantine: Quarantine): Promise<void> {
    try {
      for (;;) {
        const task = quarantine.take() ?? (await this.#feed.next());
        if (!task) break;
        await this.#runTask(task, slot, quarantine);
      }
    } catch (error) {
      this.#fail(error);
    }
    for (const { row } of quarantine.clear()) this.#leave(row.index);
  }

  async #runTask(task: Task, slot: number, quarantine: Quarantine): Promise<void> {
    const { executor, observer, journal } = this.#parts;
    let outcome: Outcome | undefined;
    const admission = await this.#admit(task, slot, quarantine).catch((error: unknown) => {
      this.#leave(task.row.index);
      throw error;
    });
    if (!admission) {
      quarantine.leave(task);
      return this.#leave(task.row.index);
    }
    task.attempts += 1;
    const attempt = { index: task.row.index, attempt: task.attempts, slot };
    this.#running += 1;
    try {
      journal?.started(1);
      observer.onStarted(attempt, admission.waited);
      const running = executor.run(task.row, slot, task.attempts);
      this.#noteExhausted();
      outcome = await running;
    } finally {
      this.#running -= 1;
      void admission.release();
      if (!outcome) this.#leave(task.row.index);
    }
    observer.onEnded(attempt, "value" in outcome ? undefined : errorOf(outcome));
    this.#handle(task, outcome, slot, quarantine);
    this.#noteExhausted();
  }

  /** Waits for the worker and the row's turn; nothing when the job ended meanwhile. */
  async #admit(task: Task, slot: number, quarantine: Quarantine): Promise<Admission | undefined> {
    const { gate, executor, stop } = this.#parts;
    for (;;) {
      while (!stop.stopping.aborted && !quarantine.admits(task)) await quarantine.changed();
      if (!stop.stopping.aborted && !executor.isReady(slot)) await executor.ready(slot);
      if (stop.stopping.aborted) return undefined;
      let admission: Admission;
      try {
        admission = await gate.acquire({ key: `worker ${slot}`, signal: stop.stopping });
      } catch (error) {
        if (stop.stopping.aborted) return undefined;
        throw error;
      }
      if (stop.stopping.aborted) {
        void admission.release();
        return undefined;
      }
      // A worker that was lost meanwhile takes the row later, which is another instant to pay for.
      if (executor.isReady(slot) && quarantine.admits(task)) return admission;
      void admission.release();
    }
  }

  #handle(task: Task, outcome: Outcome, slot: number, quarantine: Quarantine): void {
    const { stop } = this.#parts;
    const { row } = task;
    if ("lost" in outcome) {
      if (outcome.culprit) task.crashes += 1;
      const poison = task.crashes >= this.#parts.crashes;
      if (!poison && !stop.stopping.aborted) quarantine.add(task);
      quarantine.leave(task);
      if (poison) return this.#record(task, { error: poisonOf(task, outcome.lost) });
      if (stop.stopping.aborted) this.#leave(row.index);
      return;
    }
    quarantine.leave(task);
    if (stop.aborting.aborted) return this.#leave(row.index);
    if ("error" in outcome && this.#retries(task, outcome, slot)) return;
    this.#record(task, outcome);
  }

  /** Whether a row that failed goes back to be tried again, in this run or a later one. */
  #retries(
    task: Task,
    { error, retryAfter }: { error: unknown; retryAfter?: number },
    slot: number,
  ): boolean {
    const { gate, observer, retry, stop } = this.#parts;
    if (retryAfter !== undefined) gate.pause(retryAfter);
    task.failures += 1;
    const pause = pauseAfter(task.failures, retry);
    if (pause === undefined || isFinal(error)) return false;
    if (stop.stopping.aborted) {
      this.#leave(task.row.index);
      return true;
    }
    const delay = retryAfter ?? pause;
    observer.onRetry({ index: task.row.index, attempt: task.attempts, slot }, delay);
    this.#feed.retry(task, delay);
    return true;
  }

  #record({ row }: Task, outcome: { value: unknown } | { error: unknown }): void {
    const { observer, onError, stop } = this.#parts;
    this.#feed.ran();
    this.#write({ index: row.index, row, ...outcome }, (failed) => {
      observer.onFinished(failed);
      if (failed && onError === "stop") stop.stop();
    });
  }

  #write(record: ResultRecord, written: (failed: boolean) => void): void {
    const settle = (): void => this.#feed.settle();
    this.#parts.sink
      .write(record)
      .then((failed) => failed === undefined || written(failed))
      .catch((error: unknown) => this.#fail(error))
      .then(settle, settle);
  }

  /** The row will have no record. */
  #leave(index: number): void {
    this.#parts.sink.skip(index, "left");
    this.#feed.ran();
    this.#feed.settle();
  }

  #noteExhausted(): void {
    if (this.#feed.last === this.#running && this.#running > 0) this.#parts.executor.exhausted();
  }

  #fail(error: unknown): void {
    this.#failures.push(error);
    this.#parts.stop.stop();
  }
}

/** What no further attempt can change. */
function isFinal(error: unknown): boolean {
  return error instanceof CliError && finalCodes.has(error.code);
}

const finalCodes: ReadonlySet<string> = new Set([
  "RESULT_UNSERIALISABLE",
  "ROW_UNSERIALISABLE",
  "NEVER_SETTLES",
]);

function errorOf(outcome: Exclude<Outcome, { readonly value: unknown }>): unknown {
  return "lost" in outcome ? outcome.lost : outcome.error;
}

function poisonOf({ crashes }: Task, lost: CliError): CliError {
  return new CliError(
    "ROW_KILLS_WORKER",
    `the row was alone in its worker when that ended, ${crashes === 1 ? "once" : `${crashes} times`} (${lost.message}); it is set aside: see what the function does with it.`,
    { cause: lost },
  );
}
