/** Some of the indices of a state's numbers, as ranges: a ring is written in one piece, or in two. */

interface Range {
  readonly from: number;
  /** After the last one. */
  readonly to: number;
}

export class Ranges implements Iterable<Range> {
  /** None of them touch; the newest is the last. */
  #ranges: Range[] = [];
  #size = 0;

  get count(): number {
    return this.#ranges.length;
  }

  /** How many numbers it takes to write down these, and what stands at them. */
  get size(): number {
    return this.#size;
  }

  /** The index that was added last; -1 when there is none. */
  get newest(): number {
    return (this.#ranges.at(-1)?.to ?? 0) - 1;
  }

  add(first: number, after: number): void {
    let from = first;
    let to = after;
    let apart = 0;
    for (const range of this.#ranges) {
      if (range.to < from || range.from > to) {
        this.#ranges[apart++] = range;
        continue;
      }
      from = Math.min(from, range.from);
      to = Math.max(to, range.to);
    }
    this.#ranges.length = apart;
    this.#ranges.push({ from, to });
    this.#size = this.#ranges.reduce((sum, range) => sum + 2 + range.to - range.from, 0);
  }

  /** Those from `first` on and before `after`. */
  within(first: number, after: number): Ranges {
    const within = new Ranges();
    for (const { from, to } of this.#ranges) {
      if (from < after && to > first) within.add(Math.max(from, first), Math.min(to, after));
    }
    return within;
  }

  [Symbol.iterator](): Iterator<Range> {
    return this.#ranges[Symbol.iterator]();
  }
}
