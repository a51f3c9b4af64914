/** Which rows are free: a stack whose links are beside the rows' words. */

import { AT_FREE_ROWS, AT_UNUSED, type Memory, type Regions } from "./layout.ts";
import { indexOf, next } from "./pair.ts";

export class RowIndices {
  readonly #memory: Memory;
  readonly #regions: Regions;

  constructor(memory: Memory, regions: Regions) {
    this.#memory = memory;
    this.#regions = regions;
  }

  /** A row that nobody uses; 0 when all are in use. */
  take(): number {
    const { words, halves } = this.#memory;
    for (;;) {
      const head = Atomics.load(words, AT_FREE_ROWS);
      const row = indexOf(head);
      if (row === 0) return this.#unused();
      const below = Atomics.load(halves, this.#linkAt(row));
      if (Atomics.compareExchange(words, AT_FREE_ROWS, head, next(head, below)) === head) {
        return row;
      }
    }
  }

  #unused(): number {
    const { halves } = this.#memory;
    for (;;) {
      const used = Atomics.load(halves, AT_UNUSED * 2 + 1);
      if (used + 1 >= this.#regions.rowCount) return 0;
      if (Atomics.compareExchange(halves, AT_UNUSED * 2 + 1, used, used + 1) === used) {
        return used + 1;
      }
    }
  }

  give(row: number): void {
    const { words, halves } = this.#memory;
    for (;;) {
      const head = Atomics.load(words, AT_FREE_ROWS);
      Atomics.store(halves, this.#linkAt(row), indexOf(head));
      if (Atomics.compareExchange(words, AT_FREE_ROWS, head, next(head, row)) === head) return;
    }
  }

  #linkAt(row: number): number {
    return (this.#regions.rows + 2 * row + 1) * 2;
  }
}
