import type { ResultRecord, ResultSink } from "../runner/parts.ts";

/**
 * Puts results into the order of their rows. A result is held until those before it are written,
 * and its lane with it, so that no more are held than there are lanes.
 */
export class OrderedSink implements ResultSink {
  readonly #sink: ResultSink;
  /** What to do when it is the turn of a row. */
  readonly #held = new Map<number, () => void>();
  #next = 0;

  constructor(sink: ResultSink) {
    this.#sink = sink;
  }

  write(record: ResultRecord): Promise<void> {
    return new Promise((resolve) => {
      this.#hold(record.index, () => resolve(this.#sink.write(record)));
    });
  }

  skip(index: number): void {
    this.#hold(index, () => this.#sink.skip(index));
  }

  /** After an abort some rows have no result: what waits for them is written all the same. */
  async close(): Promise<void> {
    const rest = [...this.#held.keys()].toSorted((a, b) => a - b);
    for (const index of rest) this.#held.get(index)?.();
    this.#held.clear();
    await this.#sink.close();
  }

  #hold(index: number, release: () => void): void {
    this.#held.set(index, release);
    for (let next = this.#held.get(this.#next); next; next = this.#held.get(this.#next)) {
      this.#held.delete(this.#next);
      this.#next += 1;
      next();
    }
  }
}
