import { firstOutside } from "../journal/done-rows.ts";
import type { Flushed, ResultRecord, ResultSink } from "../runner/parts.ts";

export interface OrderedSinkOptions {
  /** What an earlier run has written; its rows are passed over. */
  readonly done: Flushed["done"];
  /**
   * Whether the job can go on later. Then nothing is written behind a row that is skipped: that row
   * will have its record, and the order must hold over both runs.
   */
  readonly resumable: boolean;
}

/**
 * Puts results into the order of their rows: each is held until those before it are written. It holds
 * as many as the job has rows in hand.
 */
export class OrderedSink implements ResultSink {
  readonly #sink: ResultSink;
  readonly #options: OrderedSinkOptions;
  /** What to do when it is the turn of a row. */
  readonly #held = new Map<number, Turn>();
  #next: number;
  /** The first row that will have no record in this run, in a job that can go on. */
  #gap = Number.POSITIVE_INFINITY;

  constructor(sink: ResultSink, options: OrderedSinkOptions = { done: [], resumable: false }) {
    this.#sink = sink;
    this.#options = options;
    this.#next = firstOutside(options.done, 0);
  }

  /** Resolves at once for a record that a skipped row keeps out: it is left, as that row is. */
  write(record: ResultRecord): Promise<boolean | undefined> {
    if (record.index > this.#gap) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#hold(record.index, {
        go: () => resolve(this.#sink.write(record)),
        drop: () => resolve(undefined),
      });
    });
  }

  skip(index: number, why: "done" | "left"): void {
    if (why === "done") return; // known from the start
    if (!this.#options.resumable) {
      const go = (): void => this.#sink.skip(index, why);
      this.#hold(index, { go, drop: go });
      return;
    }
    this.#gap = Math.min(this.#gap, index);
    for (const [held, turn] of this.#held) {
      if (held < this.#gap) continue;
      this.#held.delete(held);
      turn.drop();
    }
  }

  flush(): Promise<Flushed> {
    return this.#sink.flush();
  }

  /** After an abort some rows have no result: a job that cannot go on writes the others all the same. */
  async close(): Promise<void> {
    const rest = [...this.#held].toSorted(([a], [b]) => a - b);
    for (const [, turn] of rest) {
      if (this.#options.resumable) turn.drop();
      else turn.go();
    }
    this.#held.clear();
    await this.#sink.close();
  }

  /** Without a search for each row where nothing was done before. */
  #after(index: number): number {
    const { done } = this.#options;
    return done.length === 0 ? index + 1 : firstOutside(done, index + 1);
  }

  #hold(index: number, turn: Turn): void {
    this.#held.set(index, turn);
    for (let next = this.#held.get(this.#next); next; next = this.#held.get(this.#next)) {
      this.#held.delete(this.#next);
      this.#next = this.#after(this.#next);
      next.go();
    }
  }
}

interface Turn {
  go(): void;
  drop(): void;
}
