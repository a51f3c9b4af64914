/** The most starts that any window of a length has seen, with memory for a few windows at most. */

/** Longer memories than this are cut off, and the count with them. */
const MOST = 1_000_000;

export class FullestWindow {
  /** Microseconds. */
  readonly #span: number;
  readonly #instants: Float64Array;
  #first = 0;
  #size = 0;
  #most = 0;

  /** @param count - How many are expected in the window at the most; more are seen up to twice that. */
  constructor(count: number, span: number) {
    this.#span = span;
    this.#instants = new Float64Array(Math.min(MOST, 2 * Math.ceil(count) + 1));
  }

  get most(): number {
    return this.#most;
  }

  /** @param at - Microseconds, not before the last. */
  add(at: number): void {
    const { length } = this.#instants;
    while (this.#size > 0 && this.#instants[this.#first]! <= at - this.#span) this.#drop();
    if (this.#size === length) this.#drop();
    this.#instants[(this.#first + this.#size) % length] = at;
    this.#size += 1;
    if (this.#size > this.#most) this.#most = this.#size;
  }

  #drop(): void {
    this.#first = (this.#first + 1) % this.#instants.length;
    this.#size -= 1;
  }
}
