/** When the job ends: asked of the limits, which know, and looked after in slices. */

import type { Clock, Duration, LimiterSnapshot } from "sluice";
import { Forecast } from "../forecast/forecast.ts";
import type { NamedLimits } from "../runner/carry-over.ts";
import type { Tally } from "./tally.ts";

/** What limits a job, as a display needs to know it. */
export interface JobLimitsAtWork {
  readonly gate: {
    readonly limits: NamedLimits;
    readonly margin: Duration;
    /** Undefined where a store has the state, and others use it too. */
    readonly store?: string | undefined;
    snapshot(): LimiterSnapshot | undefined;
    /** The limit that the next row of a worker waits for. */
    binding(slot?: number): string | undefined;
  };
  /** How many workers, and how many calls at once in each. */
  readonly slots: number;
  readonly concurrency: number;
}

/** Rows that are simulated at each look: about two milliseconds. */
const SLICE = 4_000;
/** More are not simulated; the rest goes on as those did. */
const MOST = 2_000_000;
/** A forecast is made anew when it is this old, or longer if it took many slices. */
const FRESH_MS = 2_000;

/** Keeps a forecast; while a new one is in the making the one before it counts. */
export class Eta {
  readonly #tally: Tally;
  readonly #work: JobLimitsAtWork;
  readonly #clock: Clock;
  #making: { readonly forecast: Forecast; readonly at: number; rows: number } | undefined;
  /** The end on the clock. */
  #end: number | undefined;
  #madeAt = Number.NEGATIVE_INFINITY;
  #cost = 0;

  constructor(tally: Tally, work: JobLimitsAtWork, clock: Clock) {
    this.#tally = tally;
    this.#work = work;
    this.#clock = clock;
  }

  /** Milliseconds until the last row has its result; nothing while the number of rows is unknown. */
  look(): number | undefined {
    const { total, skipped, started, finished, unreadable } = this.#tally;
    if (total === undefined || finished + unreadable + skipped >= total) return undefined;
    const now = this.#clock.now();
    const left = total - skipped - unreadable - started;
    if (left <= 0) return Math.ceil(this.#took());
    if (this.#work.gate.store !== undefined) return this.#atThisRate(left, now);
    if (!this.#making && now - this.#madeAt >= Math.max(FRESH_MS, this.#cost) * 1e3) {
      this.#making = { forecast: this.#forecast(left), at: now, rows: 0 };
    }
    this.#simulate();
    return this.#end === undefined ? undefined : Math.max(0, Math.ceil((this.#end - now) / 1e3));
  }

  /** What others leave of a shared limit is known only by what this job got of it. */
  #atThisRate(left: number, now: number): number | undefined {
    const { since, started } = this.#tally;
    if (started === 0) return undefined;
    return Math.ceil(((now - since) / 1e3 / started) * left + this.#took());
  }

  #simulate(): void {
    const making = this.#making;
    if (!making) return;
    making.forecast.run(SLICE);
    making.rows += SLICE;
    const done = making.forecast.done || making.rows >= MOST;
    const end = making.at + (making.forecast.last + this.#took()) * 1e3;
    if (done || this.#end === undefined) this.#end = end;
    if (!done) return;
    this.#madeAt = making.at;
    this.#cost = making.rows / 40; // a simulated row takes a microsecond: 2.5 % of the time at most
    this.#making = undefined;
  }

  #forecast(left: number): Forecast {
    const { gate, slots, concurrency } = this.#work;
    const { calls, started } = this.#tally;
    return new Forecast({
      limits: gate.limits,
      margin: gate.margin,
      snapshot: gate.snapshot(),
      keys: Array.from({ length: slots }, (_, slot) => `worker ${slot}`),
      rows: Math.ceil(left * (started === 0 ? 1 : calls / started)), // as many retries as so far
      lanes: slots * concurrency,
      took: this.#took(),
      clock: this.#clock,
    });
  }

  /** Milliseconds that a call takes. */
  #took(): number {
    const { totalTime, ended } = this.#tally;
    return ended === 0 ? 0 : totalTime / 1e3 / ended;
  }
}
