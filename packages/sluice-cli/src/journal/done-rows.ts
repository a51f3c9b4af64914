/** A run of rows: its first and its last index. */
export type Run = readonly [first: number, last: number];

/**
 * Which rows have their record. Kept as runs without a gap between their rows, so that it is never
 * larger than the number of rows that are read and not yet done.
 */
export class DoneRows {
  /** Every run under its first and under its last index, so that it is found by a neighbour. */
  readonly #lastOf = new Map<number, number>();
  readonly #firstOf = new Map<number, number>();
  #size = 0;

  constructor(runs: readonly Run[] = []) {
    for (const [first, last] of runs) {
      this.#put(first, last);
      this.#size += last - first + 1;
    }
  }

  /** How many rows. */
  get size(): number {
    return this.#size;
  }

  /** Notes a row that was not there. */
  add(index: number): void {
    const first = this.#firstOf.get(index - 1) ?? index;
    const last = this.#lastOf.get(index + 1) ?? index;
    this.#firstOf.delete(index - 1);
    this.#lastOf.delete(index + 1);
    this.#put(first, last);
    this.#size += 1;
  }

  /** In ascending order. */
  runs(): Run[] {
    return [...this.#lastOf].toSorted(([a], [b]) => a - b);
  }

  #put(first: number, last: number): void {
    this.#lastOf.set(first, last);
    this.#firstOf.set(last, first);
  }
}

/** Whether a row is in one of these runs, which are in ascending order. */
export function isAmong(runs: readonly Run[], index: number): boolean {
  let [low, high] = [0, runs.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((runs[middle]?.[1] ?? 0) < index) low = middle + 1;
    else high = middle;
  }
  return (runs[low]?.[0] ?? Number.POSITIVE_INFINITY) <= index;
}

/** The first row from this one on that is in none of the runs. */
export function firstOutside(runs: readonly Run[], index: number): number {
  let outside = index;
  for (const [first, last] of runs) if (first <= outside && outside <= last) outside = last + 1;
  return outside;
}
