/** What a display shows: a tally at one moment, with the rates that follow from it. */

import type { Clock } from "sluice";
import { defaults } from "../defaults.ts";
import { Eta, type JobLimitsAtWork } from "./eta.ts";
import type { Tally } from "./tally.ts";

export interface View {
  readonly total: number | undefined;
  /** Each with the rows that an earlier run has done. */
  readonly read: number;
  /** Started and finished, each with the rows that could not be read. */
  readonly started: number;
  readonly finished: number;
  readonly failed: number;
  readonly retries: number;
  /** Calls that run. */
  readonly inFlight: number;
  /** Calls a second, lately. */
  readonly rate: number;
  /** Milliseconds that each call waited for its turn, lately. */
  readonly wait: number;
  /** What keeps the job from being faster: a limit, `"concurrency"`, or `"input"`. */
  readonly binds: string | undefined;
  /** Milliseconds until the last row has its result, when the total is known. */
  readonly eta: number | undefined;
  readonly workers: readonly WorkerView[];
}

export interface WorkerView {
  readonly running: number;
  /** The share of its calls at once that is in use, from 0 to 1. */
  readonly load: number;
  readonly crashes: number;
}

export interface ViewerOptions {
  readonly tally: Tally;
  readonly clock: Clock;
  /** The window that the job's rates are counted in, 0 for none. */
  readonly windowMs: number;
  readonly work: JobLimitsAtWork;
}

/** Takes views of a tally; each remembers enough of those before to know the rate. */
export class Viewer {
  readonly #options: ViewerOptions;
  readonly #eta: Eta;
  readonly #samples: Sample[] = [];

  constructor(options: ViewerOptions) {
    this.#options = options;
    this.#eta = new Eta(options.tally, options.work, options.clock);
  }

  view(): View {
    const { tally, work, clock } = this.#options;
    const { total, read, started, finished, failed, unreadable, skipped, retries } = tally;
    return {
      total: total === undefined ? undefined : Math.max(total, read + skipped),
      read: read + skipped,
      started: started + unreadable + skipped,
      finished: finished + unreadable + skipped,
      failed: failed + unreadable,
      retries,
      inFlight: tally.running,
      ...this.#lately(clock.now()),
      binds: this.#binds(),
      eta: this.#eta.look(),
      workers: tally.workers.map(({ running, crashes }) => ({
        running,
        load: running / work.concurrency,
        crashes,
      })),
    };
  }

  #binds(): string | undefined {
    const { tally, work } = this.#options;
    const { total, read, skipped, started, unreadable, running } = tally;
    if (total !== undefined && started + unreadable + skipped >= total) return undefined;
    const busy = tally.workers.findIndex((worker) => worker.running < work.concurrency);
    if (running > 0 && busy < 0) return "concurrency";
    return read - started - unreadable > 0 ? work.gate.binding(Math.max(0, busy)) : "input";
  }

  #lately(now: number): { rate: number; wait: number } {
    const { since, calls, totalWait } = this.#options.tally;
    const samples = this.#samples;
    if (samples.length === 0) samples.push({ at: since, calls: 0, totalWait: 0 });
    samples.push({ at: now, calls, totalWait });
    while (samples.length > 2 && samples[1]!.at <= now - defaults.rateOverMs * 1e3) samples.shift();
    const from = samples[0]!;
    const starts = calls - from.calls;
    return {
      rate: rateOf(starts, (now - from.at) / 1e3, this.#options.windowMs),
      wait: (totalWait - from.totalWait) / Math.max(1, starts),
    };
  }
}

interface Sample {
  readonly at: number;
  readonly calls: number;
  readonly totalWait: number;
}

/**
 * So many a second. A window lets all through at its start, so the last one counts as a whole: else
 * a job that keeps its rate would seem to be above it.
 */
export function rateOf(rows: number, elapsedMs: number, windowMs: number): number {
  const ms = elapsedMs + windowMs;
  return ms > 0 ? (rows * 1e3) / ms : 0;
}
