/**
 * When the last row can start: the limits themselves are asked, row after row, on a clock that is
 * wound forward. So bursts, quotas and several limits at once are all in it.
 */

import {
  type AnyLimit,
  type Clock,
  createLimiter,
  type Duration,
  type Limiter,
  type LimiterSnapshot,
} from "sluice";

export interface ForecastOptions {
  /** By the names that they bind under. */
  readonly limits: Readonly<Record<string, AnyLimit>>;
  readonly margin: Duration;
  /** The keys that rows take in turn: one for each worker. */
  readonly keys: readonly string[];
  /** Rows still to be started. */
  readonly rows: number;
  /** Calls at once, and how many milliseconds each takes; without it they take no time. */
  readonly lanes?: number;
  readonly took?: number;
  /** What is used of the limits at the start; default nothing. */
  readonly snapshot?: LimiterSnapshot | undefined;
  /** The time at the start. */
  readonly clock: Pick<Clock, "now" | "wall">;
}

/** Reservations are this exact; a refusal that is further off winds the clock on. */
const STEP = 1;

/** Calls at once: when each of its places is free again, in turn. */
interface Places {
  readonly name: string;
  readonly free: Float64Array;
  /** Microseconds that a call keeps its place. */
  readonly kept: number;
}

/** One forecast, made in as many slices as its maker likes. */
export class Forecast {
  readonly #options: ForecastOptions;
  readonly #limiter: Limiter;
  /** What only a release ends has no instant: calls at once are a matter of places. */
  readonly #cost: Readonly<Record<string, number>>;
  readonly #start: number;
  readonly #heldBack = new Map<string, number>();
  /** What the last row waited for. */
  #binds: string | undefined;
  readonly #places: readonly Places[];
  #now: number;
  #done = 0;
  #last = 0;
  /** Rows and instant at the middle of what was simulated, to go on from in a straight line. */
  #middle = { rows: 0, last: 0 };
  /** False when the state at the start could not be taken over. */
  readonly warm: boolean;

  constructor(options: ForecastOptions) {
    const { limits, margin, clock, snapshot } = options;
    this.#options = options;
    this.#start = clock.now();
    this.#now = this.#start;
    const wall = clock.wall();
    const own: Clock = {
      exact: true,
      now: () => this.#now,
      wall: () => wall + (this.#now - this.#start) / 1e3,
      setTimer: () => () => {},
    };
    this.#limiter = createLimiter(limits, { margin, clock: own });
    this.#cost = Object.fromEntries(
      Object.entries(limits).map(([name, { kind }]) => [name, kind === "concurrency" ? 0 : 1]),
    );
    this.warm = restored(this.#limiter, snapshot);
    this.#places = placesOf(options, this.#start);
  }

  get done(): boolean {
    return this.#done >= this.#options.rows;
  }

  /** Milliseconds from the start until the last row starts; an estimate while it is not done. */
  get last(): number {
    const left = this.#options.rows - this.#done;
    const { rows, last } = this.#middle;
    const slope = this.#done > rows ? (this.#last - last) / (this.#done - rows) : 0;
    return Math.ceil(this.#last + left * slope);
  }

  /**
   * What the time until the last start went into, the longest first: milliseconds for each limit,
   * and for `"concurrency"`.
   */
  get heldBack(): readonly (readonly [limit: string, ms: number])[] {
    return [...this.#heldBack].toSorted(([, a], [, b]) => b - a);
  }

  /** Goes on for so many rows. */
  run(most: number): void {
    const { rows, keys } = this.#options;
    const end = Math.min(rows, this.#done + most);
    for (; this.#done < end; this.#done += 1) {
      if (this.#done === Math.floor(end / 2)) this.#mark();
      for (const { name, free } of this.#places) {
        this.#waitForPlace(name, free[this.#done % free.length]!);
      }
      const ms = this.#admit(keys[this.#done % keys.length] ?? "");
      for (const { free, kept } of this.#places) {
        free[this.#done % free.length] = this.#start + ms * 1e3 + kept;
      }
      if (ms > this.#last) this.#moveOn(ms);
    }
  }

  #moveOn(ms: number): void {
    const binds = this.#binds ?? "limits";
    this.#heldBack.set(binds, (this.#heldBack.get(binds) ?? 0) + ms - this.#last);
    this.#last = ms;
  }

  #mark(): void {
    this.#middle = { rows: this.#done, last: this.#last };
  }

  #waitForPlace(name: string, free: number): void {
    if (free <= this.#now) return;
    this.#binds = name;
    this.#now = free;
  }

  /** The instant of the next row of a key, in milliseconds from the start. */
  #admit(key: string): number {
    for (;;) {
      const booked = this.#limiter.reserve({ key, cost: this.#cost, maxWait: STEP });
      if (booked.granted) return (this.#now - this.#start) / 1e3 + booked.wait;
      const wait = booked.retryAfter ?? Number.NaN;
      if (!(wait > 0)) throw new RangeError(`${booked.limit} lets no row through.`);
      this.#binds = booked.limit;
      this.#now += Math.max(1, (wait - STEP) * 1e3);
    }
  }
}

/** The lanes, and the slots of limits of calls at once; none that a call leaves at once. */
function placesOf(options: ForecastOptions, start: number): Places[] {
  const { limits, keys, rows, lanes = 1, took = 0 } = options;
  const micros = took * 1e3;
  const places = (name: string, count: number, kept: number): Places[] =>
    kept === 0 || rows === 0
      ? []
      : [{ name, free: new Float64Array(Math.min(count, rows)).fill(start), kept }];
  const slots = Object.entries(limits).flatMap(([name, limit]) => {
    if (limit.kind !== "concurrency") return [];
    const count = limit.slots * (limit.per === "key" ? keys.length : 1);
    return places(name, count, micros + limit.cooldown);
  });
  return [...places("concurrency", lanes, micros), ...slots];
}

/** A state that was made under other limits is of no use, and no failure either. */
function restored(limiter: Limiter, snapshot: LimiterSnapshot | undefined): boolean {
  if (!snapshot) return true;
  try {
    limiter.restore(snapshot);
    return true;
  } catch {
    return false;
  }
}
