/** Rows as they are read from the file and written to it. */

import type { Moment } from "../../limits/limit.ts";
import { decode, encode } from "./cells.ts";
import { Chunks } from "./chunks.ts";
import { Row } from "./row.ts";
import type { Statements } from "./schema.ts";
import { Shapes } from "./shapes.ts";

/** Rows that are remembered. */
const MOST_KNOWN = 1_000;
/** Rows that were reset are kept so long, because late settlements must find out: an hour. */
const REST = 3_600_000_000;

interface Stored {
  readonly id: number;
  readonly version: number;
  readonly seen: number;
  readonly lag: number;
  readonly ticket: number;
  readonly born: number;
  readonly gate: number;
  readonly shape: number;
  readonly cells: Uint8Array;
  /** The id of the limiter's row. */
  readonly root: number | null;
}

/** The row of a key and that of the whole limiter. */
export interface BothRows {
  readonly key: Row;
  readonly root: Row;
}

export class Rows {
  readonly budget: number;
  readonly #sql: Statements;
  readonly #shapes: Shapes;
  readonly #chunks: Chunks;
  /** As they were after this process's last write; `undefined` where others wrote since. */
  readonly #known = new Map<string, BothRows | undefined>();

  constructor(sql: Statements, name: string) {
    this.#sql = sql;
    this.#shapes = new Shapes(sql);
    this.#chunks = new Chunks(sql);
    // As JSON any string is a text, with NUL and halves of surrogate pairs.
    const text = JSON.stringify(name);
    sql.addBudget.run(text);
    this.budget = Number((sql.findBudget.get(text) as { id: number }).id);
  }

  /** The rows as they are now. */
  readBoth(key: string): BothRows {
    const row = new Row(key);
    const stored = this.#sql.row.get(this.budget, key) as Stored | undefined;
    if (!stored) return { key: row, root: this.read("") };
    this.#fill(row, stored);
    return { key: row, root: stored.root === null ? new Row("") : this.read("") };
  }

  /** The row as it is now; one without an id when there is none. */
  read(key: string): Row {
    const row = new Row(key);
    const stored = this.#sql.row.get(this.budget, key) as Stored | undefined;
    if (stored) this.#fill(row, stored);
    return row;
  }

  /** The rows as they probably are still: `swap` finds out. Absent when others write them too. */
  recall(key: string): BothRows | undefined {
    const both = this.#known.get(key);
    return both?.key.alone === true ? both : undefined;
  }

  /** Whether `swap` can write what `more` units change: by one statement, or `within` a transaction. */
  isSwap(row: Row, more: number, within: boolean): boolean {
    if (row.id === 0) row.shape ??= this.#shapes.find(row.states);
    return row.shape !== undefined && (within || row.states.every((kept) => kept.hasRoom(more)));
  }

  /** Writes the key's row; false when either row was changed by somebody else since it was read. */
  swap({ key: row, root }: BothRows, moment: Moment): boolean {
    if (row.id === 0) return this.write(row, moment);
    const flushed = this.#chunks.flush(row, false);
    row.seen = row.momentOf(moment).now;
    const { changes } = this.#sql.swapRow.run(
      row.seen,
      this.#idleFrom(row, moment),
      row.ticket,
      encode(row.states),
      row.id,
      row.version,
      this.budget,
      root.id === 0 ? null : root.version,
    );
    if (Number(changes) !== 1) return false;
    row.version++;
    this.#chunks.write(row, flushed, false);
    this.remember({ key: row, root });
    return true;
  }

  /** False when the row was changed by somebody else since it was read. */
  write(row: Row, moment: Moment): boolean {
    const whole = row.shape === undefined;
    const isNew = row.id === 0;
    row.shape ??= this.#shapes.idOf(row.states);
    const flushed = this.#chunks.flush(row, whole);
    const version = isNew ? this.#firstVersion(row, moment) : row.version + 1;
    row.seen = row.momentOf(moment).now;
    const { seen, lag, ticket, born, gate, shape } = row;
    const idle = this.#idleFrom(row, moment);
    const values = [
      version,
      seen,
      lag,
      idle,
      ticket,
      born,
      gate,
      shape,
      encode(row.states),
    ] as const;
    const { changes } = isNew
      ? this.#sql.addRow.run(...values, this.budget, row.key)
      : this.#sql.changeRow.run(...values, row.id, row.version);
    if (Number(changes) !== 1) return false;
    row.version = version;
    if (flushed.length > 0 && isNew) {
      row.id = Number((this.#sql.row.get(this.budget, row.key) as Stored).id);
    }
    if (flushed.length > 0 || (whole && !isNew)) this.#chunks.write(row, flushed, whole);
    row.changed = false;
    this.#known.delete(row.key);
    this.#chunks.remember(row);
    return true;
  }

  /** The file has the rows like this: the next decision need not read them, while it is so. */
  remember(both: BothRows): void {
    const row = both.key;
    if (row.id === 0 || row.shape === undefined) return;
    row.changed = false;
    this.#note(row.key, both);
    this.#chunks.remember(row);
  }

  /** What is remembered of a row is not what is in the file, or soon will not be. */
  forget({ key: row }: BothRows): void {
    this.#chunks.take(row.key, row.id);
    this.#note(row.key, undefined);
  }

  /** After a rollback nothing that was learnt since may be used. */
  forgetAll(): void {
    this.#chunks.forgetAll();
    this.#shapes.forgetAll();
    this.#known.clear();
  }

  #note(key: string, both: BothRows | undefined): void {
    this.#known.delete(key);
    if (this.#known.size >= MOST_KNOWN) this.#known.delete(this.#known.keys().next().value!);
    this.#known.set(key, both);
  }

  #fill(row: Row, stored: Stored): void {
    row.id = Number(stored.id);
    row.version = Number(stored.version);
    row.seen = Number(stored.seen);
    row.lag = Number(stored.lag);
    row.ticket = Number(stored.ticket);
    row.born = Number(stored.born);
    row.gate = Number(stored.gate);
    row.shape = Number(stored.shape);
    if (this.#known.has(row.key)) {
      const known = this.#known.get(row.key);
      row.alone = known?.key.id === row.id && known.key.version === row.version;
    }
    const known = this.#chunks.take(row.key, row.id);
    const { states, patches } = decode(this.#shapes.get(row.shape), stored.cells, known?.cells);
    row.states = states;
    if (states.some(({ long }) => long)) this.#chunks.read(row, patches, known);
  }

  #idleFrom(row: Row, moment: Moment): number {
    const idle = Math.max(row.idleFrom(moment), row.states.length === 0 ? moment.now + REST : 0);
    return Math.min(idle, Number.MAX_SAFE_INTEGER);
  }

  /** No row that was forgotten had a larger ticket or version. */
  lastForgotten(): number {
    return Number((this.#sql.ticket.get(this.budget) as { ticket: number }).ticket);
  }

  /** A row that is made again after it was forgotten must not have a version that it had before. */
  #firstVersion(row: Row, moment: Moment): number {
    return Math.max(moment.now, row.ticket > 0 ? row.ticket : this.lastForgotten() + 1);
  }
}
