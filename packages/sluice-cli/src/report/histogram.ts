/** A distribution of durations in bins that grow by an eighth of a doubling: under 10 % wide. */

const PER_DOUBLING = 8;
/** From 10 µs to five weeks. */
const BINS = 38 * PER_DOUBLING;

export class Histogram {
  readonly #bins = new Float64Array(BINS);
  readonly #least: number;
  #count = 0;
  #sum = 0;
  #longest = 0;

  /** @param least - Microseconds: shorter ones share a bin. */
  constructor(least = 10) {
    this.#least = least;
  }

  /** @param micros - A duration. */
  add(micros: number): void {
    const bin = Math.ceil(Math.log2(Math.max(1, micros / this.#least)) * PER_DOUBLING);
    this.#bins[Math.min(BINS - 1, bin)]! += 1;
    this.#count += 1;
    this.#sum += micros;
    if (micros > this.#longest) this.#longest = micros;
  }

  get count(): number {
    return this.#count;
  }

  /** Milliseconds. */
  get mean(): number {
    return this.#count === 0 ? 0 : this.#sum / this.#count / 1e3;
  }

  /** Milliseconds. */
  get longest(): number {
    return this.#longest / 1e3;
  }

  /** The milliseconds that this share of the durations does not exceed: the upper end of its bin. */
  quantile(share: number): number {
    let below = 0;
    for (let bin = 0; bin < BINS; bin += 1) {
      below += this.#bins[bin]!;
      if (below > 0 && below >= share * this.#count) return Math.min(this.#edge(bin), this.longest);
    }
    return 0;
  }

  /** Upper ends in milliseconds and counts, from the first bin that is not empty to the last. */
  bins(): { readonly to: number[]; readonly counts: number[] } {
    const first = this.#bins.findIndex((count) => count > 0);
    const last = this.#bins.findLastIndex((count) => count > 0);
    const to: number[] = [];
    const counts: number[] = [];
    for (let bin = first; bin >= 0 && bin <= last; bin += 1) {
      to.push(this.#edge(bin));
      counts.push(this.#bins[bin]!);
    }
    return { to, counts };
  }

  /** Milliseconds. */
  #edge(bin: number): number {
    return (this.#least * 2 ** (bin / PER_DOUBLING)) / 1e3;
  }
}
