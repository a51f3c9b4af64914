import type { Clock } from "sluice";
import type { Attempt, JobObserver, WorkerState } from "../runner/parts.ts";

/** What one worker does and did. */
export interface WorkerTally {
  state: WorkerState;
  /** Calls that run in it now, and those that have ended. */
  running: number;
  ended: number;
  /** How often it was lost and replaced. */
  crashes: number;
}

/** Counts what a job does. Times are microseconds on the clock. */
export class Tally implements JobObserver {
  readonly #clock: Clock;
  readonly #running = new Map<number, number>();
  #total: number | undefined;
  #ended = false;
  read = 0;
  /** Rows whose function was called. */
  started = 0;
  /** Rows whose function has ended and whose result is written. */
  finished = 0;
  /** Finished rows whose result is an error. */
  failed = 0;
  /** Rows that could not be read; their error is written. */
  unreadable = 0;
  /** Rows that an earlier run has done. */
  skipped = 0;
  /** Calls of the function: more than rows when some are tried again. */
  calls = 0;
  retries = 0;
  /** Milliseconds that all calls together waited for their turns. */
  totalWait = 0;
  /** Calls that have ended, and the microseconds that they took together. */
  ended = 0;
  totalTime = 0;
  readonly workers: WorkerTally[] = [];
  /** From the first start (until then: from the creation) to the last end. */
  since: number;
  until: number;
  /** The last start. */
  startedAt: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.since = clock.now();
    this.until = this.since;
    this.startedAt = this.since;
  }

  /** How many rows there are, when that is known; an estimate until the input has ended. */
  get total(): number | undefined {
    return this.#total;
  }

  /** Until the input has ended, which settles it. */
  estimateTotal(rows: number | undefined): void {
    if (!this.#ended) this.#total = rows;
  }

  /** Rows that were started and have no record yet. */
  get inFlight(): number {
    return this.started - this.finished;
  }

  /** Calls that run now: not those rows that wait to be tried again or to be written. */
  get running(): number {
    return this.calls - this.ended;
  }

  get crashes(): number {
    return this.workers.reduce((sum, { crashes }) => sum + crashes, 0);
  }

  onRead(): void {
    this.read += 1;
  }

  onStarted({ index, attempt, slot }: Attempt, waited: number): void {
    const now = this.#clock.now();
    if (this.calls === 0) this.since = now;
    this.startedAt = now;
    if (attempt === 1) this.started += 1;
    this.calls += 1;
    this.totalWait += waited;
    this.#running.set(index, now);
    this.#worker(slot).running += 1;
  }

  onEnded({ index, slot }: Attempt): void {
    const now = this.#clock.now();
    this.totalTime += now - (this.#running.get(index) ?? now);
    this.#running.delete(index);
    this.ended += 1;
    const worker = this.#worker(slot);
    worker.running -= 1;
    worker.ended += 1;
  }

  onRetry(): void {
    this.retries += 1;
  }

  onFinished(failed: boolean): void {
    this.finished += 1;
    if (failed) this.failed += 1;
    this.until = this.#clock.now();
  }

  onUnreadable(): void {
    this.unreadable += 1;
  }

  onSkipped(): void {
    this.skipped += 1;
  }

  onInputEnd(): void {
    this.#ended = true;
    this.#total = this.read + this.skipped;
  }

  onWorker(slot: number, state: WorkerState): void {
    const worker = this.#worker(slot);
    if (state === "crashed") worker.crashes += 1;
    worker.state = state;
  }

  #worker(slot: number): WorkerTally {
    while (this.workers.length <= slot) {
      this.workers.push({ state: "starting", running: 0, ended: 0, crashes: 0 });
    }
    return this.workers[slot]!;
  }
}
