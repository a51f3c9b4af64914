import type { Clock } from "sluice";
import type { JobObserver } from "../runner/parts.ts";

/** Counts what a job does. Times are microseconds on the clock. */
export class Tally implements JobObserver {
  readonly #clock: Clock;
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
  /** Milliseconds that all started rows together waited for their turns. */
  totalWait = 0;
  /** From the first start (until then: from the creation) to the last end. */
  since: number;
  until: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.since = clock.now();
    this.until = this.since;
  }

  /** How many rows there are, when that is known; an estimate until the input has ended. */
  get total(): number | undefined {
    return this.#total;
  }

  /** Until the input has ended, which settles it. */
  estimateTotal(rows: number | undefined): void {
    if (!this.#ended) this.#total = rows;
  }

  get inFlight(): number {
    return this.started - this.finished;
  }

  onRead(): void {
    this.read += 1;
  }

  onStarted(waited: number): void {
    if (this.started === 0) this.since = this.#clock.now();
    this.started += 1;
    this.totalWait += waited;
  }

  onFinished(failed: boolean): void {
    this.finished += 1;
    if (failed) this.failed += 1;
    this.until = this.#clock.now();
  }

  onUnreadable(): void {
    this.unreadable += 1;
  }

  onInputEnd(): void {
    this.#ended = true;
    this.#total = this.read;
  }
}
