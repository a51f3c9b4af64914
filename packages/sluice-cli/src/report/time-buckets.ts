/**
 * Sums over time in a fixed number of buckets: when a job outlasts them, neighbours are joined and
 * every bucket stands for twice as long. So any job takes the same memory.
 */

/** At most so many buckets, an even number. */
const MOST = 480;

export class TimeBuckets {
  readonly #series: Float64Array[];
  /** Microseconds in a bucket. */
  #width: number;

  /**
   * @param series - How many sums each bucket has.
   * @param width - Microseconds in a bucket at first.
   */
  constructor(series: number, width: number) {
    this.#width = width;
    this.#series = Array.from({ length: series }, () => new Float64Array(MOST));
  }

  get width(): number {
    return this.#width;
  }

  /** Makes room for another series. */
  addSeries(): number {
    return this.#series.push(new Float64Array(MOST)) - 1;
  }

  /** Spreads a rate of one over a span: each bucket gets the microseconds of it that it covers. */
  addSpan(series: number, from: number, to: number): void {
    if (to <= from) return;
    while (to > this.#width * MOST) this.#join();
    const sums = this.#series[series]!;
    for (let bucket = Math.floor(from / this.#width); bucket * this.#width < to; bucket += 1) {
      const start = Math.max(from, bucket * this.#width);
      sums[bucket]! += Math.min(to, (bucket + 1) * this.#width) - start;
    }
  }

  /** The sums of the first buckets. */
  values(series: number, used: number): number[] {
    return [...this.#series[series]!.subarray(0, used)];
  }

  #join(): void {
    for (const sums of this.#series) {
      for (let at = 0; at < MOST; at += 2) sums[at / 2] = sums[at]! + sums[at + 1]!;
      sums.fill(0, MOST / 2);
    }
    this.#width *= 2;
  }
}
