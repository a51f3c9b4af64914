/** The verdict on one arrival. */
export interface Verdict {
  readonly accepted: boolean;
  /** Milliseconds until the next request would be accepted; 0 when this one was. */
  readonly retryAfter: number;
}

/**
 * An exact sliding log: at most `limit` accepted arrivals in any half-open window of `windowMs`.
 * Refused arrivals take nothing of the limit, but they count for the worst window.
 */
export class ArrivalLog {
  readonly limit: number;
  readonly windowMs: number;
  /** Instants of the arrivals in the last window, oldest first. */
  readonly #accepted: number[] = [];
  readonly #all: number[] = [];
  #worst = 0;
  #acceptedInAll = 0;
  #refusedInAll = 0;
  #first: number | undefined;
  #last = 0;

  constructor(limit: number, windowMs: number) {
    if (!(Number.isSafeInteger(limit) && limit > 0 && windowMs > 0 && windowMs < Infinity)) {
      throw new RangeError(
        `a strict API allows a whole number above 0 of requests in a time above 0 ms; got ${limit} in ${windowMs} ms.`,
      );
    }
    this.limit = limit;
    this.windowMs = windowMs;
  }

  /** @param now - Milliseconds on a clock that never goes back. */
  arrive(now: number): Verdict {
    this.#forget(now);
    this.#first ??= now;
    this.#last = now;
    this.#all.push(now);
    this.#worst = Math.max(this.#worst, this.#all.length);
    if (this.#accepted.length < this.limit) {
      this.#accepted.push(now);
      this.#acceptedInAll += 1;
      return { accepted: true, retryAfter: 0 };
    }
    this.#refusedInAll += 1;
    return { accepted: false, retryAfter: this.#accepted[0]! + this.windowMs - now };
  }

  report(): ArrivalReport {
    return {
      limit: this.limit,
      windowMs: this.windowMs,
      accepted: this.#acceptedInAll,
      refused: this.#refusedInAll,
      worstWindow: this.#worst,
      elapsedMs: this.#first === undefined ? 0 : this.#last - this.#first,
    };
  }

  /** Two arrivals exactly one window apart are not in the same one. */
  #forget(now: number): void {
    for (const log of [this.#accepted, this.#all]) {
      while (log.length > 0 && now - log[0]! >= this.windowMs) log.shift();
    }
  }
}

/** What a strict API saw so far. */
export interface ArrivalReport {
  readonly limit: number;
  readonly windowMs: number;
  readonly accepted: number;
  readonly refused: number;
  /** The most arrivals, accepted or refused, in any window. */
  readonly worstWindow: number;
  /** From the first arrival to the last. */
  readonly elapsedMs: number;
}
