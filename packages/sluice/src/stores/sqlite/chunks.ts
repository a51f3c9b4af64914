/** The numbers of long states, in pieces of which a decision reads and writes only what has changed. */

import { applyPatch, numbersOf } from "./cells.ts";
import { damaged } from "./failures.ts";
import { CHUNK, type Kept } from "./kept.ts";
import type { Row } from "./row.ts";
import type { Statements } from "./schema.ts";

/** Chunks of different states of one row are numbered so far apart. */
const PARTS = 2 ** 20;
/** Rows whose long states are remembered. */
const MOST_KNOWN = 256;

/** The long states of a row, as they were at a version. */
export interface Known {
  readonly id: number;
  readonly version: number;
  readonly cells: readonly (Float64Array | undefined)[];
}

export class Chunks {
  readonly #sql: Statements;
  readonly #known = new Map<string, Known>();

  constructor(sql: Statements) {
    this.#sql = sql;
  }

  /** What is remembered of a row, which the caller may change: it is not remembered any more. */
  take(key: string, id: number): Known | undefined {
    const known = this.#known.get(key);
    this.#known.delete(key);
    return known?.id === id ? known : undefined;
  }

  /** Completes the states of a row that was read; only what was changed since it was seen is read. */
  read(row: Row, patches: readonly Float64Array[], known: Known | undefined): void {
    const complete = row.states.every((kept, i) => !kept.long || known?.cells[i] === kept.cells);
    if (!complete || known!.version !== row.version) {
      this.#readSince(row, complete ? known!.version : -1);
    }
    row.states.forEach((kept, i) => applyPatch(kept, patches[i]!));
    this.remember(row);
  }

  /** What the row has no room for: the caller writes the row, and then these. */
  flush(row: Row, whole: boolean): Flush[] {
    const flushed: Flush[] = [];
    for (const [state, kept] of row.states.entries()) {
      if (!kept.long || (!whole && kept.hasRoom(0))) continue;
      for (const part of kept.flush(whole)) flushed.push({ kept, state, part });
    }
    return flushed;
  }

  write(row: Row, flushed: readonly Flush[], whole: boolean): void {
    if (whole) this.#sql.dropChunks.run(row.id);
    for (const { kept, state, part } of flushed) {
      const from = kept.head + part * CHUNK;
      const numbers = kept.cells.slice(from, from + CHUNK);
      const bytes = new Uint8Array(numbers.buffer);
      this.#sql.putChunk.run(row.id, state * PARTS + part, row.version, bytes);
    }
  }

  remember(row: Row): void {
    this.#known.delete(row.key);
    if (!row.states.some(({ long }) => long)) return;
    if (this.#known.size >= MOST_KNOWN) this.#known.delete(this.#known.keys().next().value!);
    const cells = row.states.map((kept) => (kept.long ? kept.cells : undefined));
    this.#known.set(row.key, { id: row.id, version: row.version, cells });
  }

  forgetAll(): void {
    this.#known.clear();
  }

  #readSince(row: Row, since: number): void {
    const chunks = this.#sql.chunks.all(row.id, since) as { part: number; cells: Uint8Array }[];
    const all = row.states.reduce((sum, kept) => sum + kept.chunks, 0);
    if (since < 0 && chunks.length < all) throw damaged("a part of a long window");
    for (const { part, cells } of chunks) {
      const numbers = numbersOf(cells);
      const kept = row.states[Math.floor(Number(part) / PARTS)];
      const from = (kept?.head ?? 0) + (Number(part) % PARTS) * CHUNK;
      if (!kept?.long || from + numbers.length > kept.size)
        throw damaged("a part of a long window");
      kept.cells.set(numbers, from);
    }
  }
}

/** One chunk to be written. */
interface Flush {
  readonly kept: Kept;
  readonly state: number;
  readonly part: number;
}
