/**
 * One growing array of numbers for the states of all keys. Its first numbers stay zero: base 0 is
 * the empty state of everything that grows.
 */

const RESERVED = 8;
const LEAST = 256;

export class Arena {
  /** Replaced when it grows: read it anew after every `take`. */
  cells: Float64Array = new Float64Array(LEAST);
  #top = RESERVED;
  #live = 0;
  readonly #free = new Map<number, number[]>();

  /** The base of `size` zeroed numbers. */
  take(size: number): number {
    this.#live += size;
    const free = this.#free.get(size)?.pop();
    if (free !== undefined) {
      this.cells.fill(0, free, free + size);
      return free;
    }
    const base = this.#top;
    this.#top += size;
    if (this.#top > this.cells.length) {
      const grown = new Float64Array(Math.max(this.#top, Math.ceil(this.cells.length * 1.25)));
      grown.set(this.cells);
      this.cells = grown;
    }
    return base;
  }

  give(base: number, size: number): void {
    this.#live -= size;
    const free = this.#free.get(size);
    if (free) free.push(base);
    else this.#free.set(size, [base]);
  }

  /** Whether most of the array is free, so that moving what is left into a new one pays. */
  get wasteful(): boolean {
    return this.cells.length > LEAST && this.#live + RESERVED < this.cells.length / 8;
  }
}
