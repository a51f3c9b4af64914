/** What a display shows: a tally at one moment, with the rates that follow from it. */

import { defaults } from "../defaults.ts";
import type { Tally } from "./tally.ts";

export interface View {
  readonly total: number | undefined;
  readonly read: number;
  /** Started and finished, each with the rows that could not be read. */
  readonly started: number;
  readonly finished: number;
  readonly failed: number;
  readonly inFlight: number;
  /** Rows started a second, lately. */
  readonly rate: number;
  /** Milliseconds that each row waited for its turn, lately. */
  readonly wait: number;
  /** Milliseconds until the last row, when the total and a rate are known. */
  readonly eta: number | undefined;
}

/** Takes views of a tally; each remembers enough of those before to know the rate. */
export class Viewer {
  readonly #tally: Tally;
  readonly #window: number;
  readonly #samples: Sample[] = [];

  /** @param windowMs - The window that the job's rates are counted in, 0 for none. */
  constructor(tally: Tally, windowMs: number) {
    this.#tally = tally;
    this.#window = windowMs;
  }

  /** @param now - Microseconds on the tally's clock. */
  view(now: number): View {
    const { total, read, started, finished, failed, unreadable, inFlight } = this.#tally;
    const { rate, wait } = this.#lately(now);
    const left = total === undefined ? undefined : Math.max(0, total - finished - unreadable);
    return {
      total: total === undefined ? undefined : Math.max(total, read),
      read,
      started: started + unreadable,
      finished: finished + unreadable,
      failed: failed + unreadable,
      inFlight,
      rate,
      wait,
      eta: left === undefined || left === 0 || rate === 0 ? undefined : (left / rate) * 1e3,
    };
  }

  #lately(now: number): { rate: number; wait: number } {
    const { since, started, totalWait } = this.#tally;
    const samples = this.#samples;
    if (samples.length === 0) samples.push({ at: since, started: 0, totalWait: 0 });
    samples.push({ at: now, started, totalWait });
    while (samples.length > 2 && samples[1]!.at <= now - defaults.rateOverMs * 1e3) samples.shift();
    const from = samples[0]!;
    const starts = started - from.started;
    return {
      rate: rateOf(starts, (now - from.at) / 1e3, this.#window),
      wait: (totalWait - from.totalWait) / Math.max(1, starts),
    };
  }
}

interface Sample {
  readonly at: number;
  readonly started: number;
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
