/** Looks for keys that have nothing left: a few whenever one is added, all when memory is full. */

import { Draft } from "./draft.ts";
import { GOVERNED, ROOT } from "./record.ts";
import { AT_HAND } from "./layout.ts";
import type { Rows } from "./rows.ts";
import type { Title } from "./text.ts";

/** How many rows are looked at when one is added. */
const FEW = 3;
/** Microseconds by which clocks of other threads may be behind. */
const BEHIND = 1_000;
/** While there is room, keys that were in use so shortly before stay: they are asked for again. */
const LATELY = 1_000_000;

export class Sweep {
  readonly #rows: Rows;
  readonly #draft: Draft;

  constructor(rows: Rows) {
    this.#rows = rows;
    this.#draft = new Draft(rows.memory, rows.blocks);
  }

  static isIdle(draft: Draft, now: number): boolean {
    return draft.cells[GOVERNED] !== ROOT && draft.idleAt <= now - BEHIND;
  }

  /** Visits all rows there are. */
  each(visit: (draft: Draft, title: Title) => void): void {
    const last = this.#rows.used;
    for (let row = 1; row <= last; row++) this.#look(row, visit);
  }

  some(now: number, forget: (title: Title) => void): void {
    const { memory, used } = this.#rows;
    for (let i = 0; i < Math.min(FEW, used); i++) {
      const hand = Atomics.add(memory.halves, AT_HAND * 2, 1) >>> 0;
      this.#look(1 + (hand % used), (draft, title) => {
        if (Sweep.isIdle(draft, now - LATELY)) forget(title);
      });
    }
  }

  /** How many were forgotten. */
  all(now: number, forget: (title: Title) => void): number {
    let forgotten = 0;
    this.each((draft, title) => {
      if (!Sweep.isIdle(draft, now)) return;
      forget(title);
      forgotten++;
    });
    return forgotten;
  }

  #look(row: number, visit: (draft: Draft, title: Title) => void): void {
    const found = this.#rows.titleOf(row);
    if (found && this.#rows.read(row, this.#draft)) visit(this.#draft, found);
  }
}
