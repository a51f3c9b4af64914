/** Gathers what a report shows, in memory that does not grow with the job. */

import type { AnyLimit, Clock, Duration } from "sluice";
import { millisOf } from "../runner/duration.ts";
import type { NamedLimits } from "../runner/carry-over.ts";
import type { Attempt, JobObserver, WorkerState } from "../runner/parts.ts";
import { type ErrorKind, ErrorKinds } from "./error-kinds.ts";
import { FullestWindow } from "./fullest-window.ts";
import { Histogram } from "./histogram.ts";
import { TimeBuckets } from "./time-buckets.ts";

export interface ReportOptions {
  readonly clock: Clock;
  readonly gate: { readonly limits: NamedLimits; readonly margin: Duration };
  /** Calls at once in each worker. */
  readonly concurrency: number;
}

/** A span of a worker's life that was not work: until when it was not ready. */
export interface WorkerEvent {
  readonly slot: number;
  /** Seconds from the start. */
  readonly at: number;
  readonly state: WorkerState;
}

/** Everything that the page draws, as JSON. Spans are milliseconds, instants seconds from `start`. */
export interface ReportData {
  /** Milliseconds since the epoch. */
  readonly start: number;
  /** Seconds in a bucket. */
  readonly width: number;
  /** Seconds that rates are averages over, since a window lets rows through in lumps. */
  readonly smooth: number;
  /** Per bucket and second: calls started, rows finished, calls that failed, retries. */
  readonly started: readonly number[];
  readonly finished: readonly number[];
  readonly failed: readonly number[];
  readonly retried: readonly number[];
  /** How many calls may run at once. */
  readonly lanes: number;
  /** Per bucket: calls that run, on average. */
  readonly running: readonly number[];
  readonly limits: readonly ReportLimit[];
  readonly took: Distribution;
  readonly waited: Distribution;
  readonly errors: readonly Readonly<ErrorKind>[];
  /** Per worker: the share of its calls in use in each bucket, from 0 to 1. */
  readonly workers: readonly (readonly number[])[];
  readonly events: readonly WorkerEvent[];
}

export interface ReportLimit {
  readonly name: string;
  /** On average and over the whole job, a second; absent for what is no rate. */
  readonly perSecond?: number;
  /** For a window over all workers: its count, and the fullest that there was. */
  readonly count?: number;
  readonly fullest?: number;
}

export interface Distribution {
  readonly to: readonly number[];
  readonly counts: readonly number[];
  readonly mean: number;
  readonly median: number;
  readonly p95: number;
  readonly p99: number;
  readonly longest: number;
}

const series = { started: 0, finished: 1, failed: 2, retried: 3, running: 4 } as const;

/** Microseconds in a bucket at first. */
const LEAST_WIDTH = 100_000;
/** Microseconds that rates are averages over, at the least and at the most. */
const LEAST_LUMP = 500_000;
const LONGEST_LUMP = 30_000_000;

/** Events of workers that are kept. */
const MOST_EVENTS = 1_000;

export class Report implements JobObserver {
  readonly #options: ReportOptions;
  readonly #start: number;
  readonly #wall: number;
  /** Microseconds that rates are averages over: each event counts for so long. */
  readonly #over: number;
  readonly #buckets: TimeBuckets;
  readonly #workers: number[] = [];
  readonly #events: WorkerEvent[] = [];
  readonly #running = new Map<number, number>();
  readonly #took = new Histogram();
  #until = 0;
  readonly #waited = new Histogram(1_000);
  readonly #errors = new ErrorKinds();
  readonly #windows: readonly { readonly name: string; readonly fullest: FullestWindow }[];

  constructor(options: ReportOptions) {
    this.#options = options;
    this.#start = options.clock.now();
    this.#wall = options.clock.wall();
    this.#over = lump(Object.values(options.gate.limits), options.gate.margin);
    this.#buckets = new TimeBuckets(5, Math.max(LEAST_WIDTH, Math.ceil(this.#over / 8)));
    this.#windows = Object.entries(options.gate.limits).flatMap(([name, limit]) =>
      limit.kind === "window" && limit.per === "limiter"
        ? limit.rates.map(({ count, span }) => ({ name, fullest: new FullestWindow(count, span) }))
        : [],
    );
  }

  onRead(): void {}
  onUnreadable(): void {}
  onSkipped(): void {}
  onInputEnd(): void {}

  onStarted({ index }: Attempt, waited: number): void {
    const at = this.#at();
    this.#running.set(index, at);
    this.#note(series.started, at);
    this.#waited.add(waited * 1e3);
    for (const { fullest } of this.#windows) fullest.add(at);
  }

  onEnded({ index, slot }: Attempt, error?: unknown): void {
    const at = this.#at();
    const since = this.#running.get(index) ?? at;
    this.#running.delete(index);
    this.#took.add(at - since);
    this.#buckets.addSpan(series.running, since, at);
    this.#buckets.addSpan(this.#seriesOf(slot), since, at);
    if (error === undefined) return;
    this.#note(series.failed, at);
    this.#errors.add(index, error);
  }

  onRetry(): void {
    this.#note(series.retried, this.#at());
  }

  onFinished(): void {
    this.#note(series.finished, this.#at());
  }

  onWorker(slot: number, state: WorkerState): void {
    this.#seriesOf(slot);
    if (this.#events.length >= MOST_EVENTS) return;
    this.#events.push({ slot, at: this.#at() / 1e6, state });
  }

  data(): ReportData {
    const buckets = this.#buckets;
    const seconds = buckets.width / 1e6;
    const { concurrency, gate } = this.#options;
    const used = Math.floor(this.#until / buckets.width) + 1; // what is averaged goes on after it
    const per = (which: number, unit: number): number[] =>
      buckets.values(which, used).map((value) => round(value / unit));
    const rate = (which: number): number[] => per(which, seconds * this.#over);
    return {
      start: this.#wall,
      width: seconds,
      smooth: this.#over / 1e6,
      started: rate(series.started),
      finished: rate(series.finished),
      failed: rate(series.failed),
      retried: rate(series.retried),
      lanes: this.#workers.length * concurrency,
      running: per(series.running, buckets.width),
      limits: Object.entries(gate.limits).map(([name, limit]) => this.#limit(name, limit)),
      took: distribution(this.#took),
      waited: distribution(this.#waited),
      errors: this.#errors.list,
      workers: this.#workers.map((which) => per(which, buckets.width * concurrency)),
      events: this.#events,
    };
  }

  #limit(name: string, limit: AnyLimit): ReportLimit {
    const workers = limit.per === "key" ? Math.max(1, this.#workers.length) : 1;
    const each = perSecond(limit);
    const fullest = this.#windows.find((window) => window.name === name)?.fullest.most;
    return {
      name,
      ...(each === undefined ? {} : { perSecond: each * workers }),
      ...(fullest === undefined || limit.kind !== "window"
        ? {}
        : { count: limit.rates[0]!.count, fullest }),
    };
  }

  #seriesOf(slot: number): number {
    while (this.#workers.length <= slot) this.#workers.push(this.#buckets.addSeries());
    return this.#workers[slot]!;
  }

  #note(which: number, at: number): void {
    this.#buckets.addSpan(which, at, at + this.#over);
  }

  #at(): number {
    this.#until = this.#options.clock.now() - this.#start;
    return this.#until;
  }
}

/** Microseconds from one lump to the next: the shortest window, or some of them. */
function lump(limits: readonly AnyLimit[], margin: Duration): number {
  const spans = limits.flatMap((limit) =>
    limit.kind === "window" ? limit.rates.map(({ span }) => span) : [],
  );
  if (spans.length === 0) return 1e6;
  const one =
    Math.min(...spans) +
    (parseFloat(String(margin)) > 0 ? millisOf(margin, "the margin") * 1e3 : 0);
  return Math.min(LONGEST_LUMP, one * Math.ceil(LEAST_LUMP / one));
}

/** What a limit comes to a second in the long run. */
function perSecond(limit: AnyLimit): number | undefined {
  switch (limit.kind) {
    case "window":
      return Math.min(...limit.rates.map(({ count, span }) => count / (span / 1e6)));
    case "parts":
    case "pace":
      return limit.count / (limit.span / 1e6);
    case "quota": {
      const days = { day: 1, week: 7, month: 30 };
      const { period } = limit;
      return limit.count / (typeof period === "string" ? days[period] * 86_400 : period / 1e6);
    }
    default:
      return undefined;
  }
}

function distribution(histogram: Histogram): Distribution {
  const { to, counts } = histogram.bins();
  return {
    to: to.map(round),
    counts,
    mean: round(histogram.mean),
    median: round(histogram.quantile(0.5)),
    p95: round(histogram.quantile(0.95)),
    p99: round(histogram.quantile(0.99)),
    longest: round(histogram.longest),
  };
}

/** Four digits are more than a chart can show. */
function round(value: number): number {
  return Number(value.toPrecision(4));
}
