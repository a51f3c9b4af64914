/** Rows as they are read from the file and written to it. */

import { grownSize, grows, sizeOf } from "../../limits/growth.ts";
import type { AnyLimit, Moment } from "../../limits/limit.ts";
import { damaged } from "./failures.ts";
import { CHUNK, INLINE, Kept } from "./kept.ts";
import { Row } from "./row.ts";
import type { Statements } from "./schema.ts";

/** Chunks of different states of one row are numbered so far apart. */
const PARTS = 65_536;
/** Long rings that are remembered, so that only what others changed is read again. */
const MOST_LONG = 256;
/** Rows that were reset are kept so long, because late settlements must find out: an hour. */
const REST = 3_600_000_000;

type Shape = readonly { readonly name: string; readonly limit: AnyLimit }[];

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

export class Rows {
  readonly budget: number;
  readonly #sql: Statements;
  readonly #shapes = new Map<number, Shape>();
  readonly #shapeIds = new Map<string, number>();
  /** The long states of rows by id, as they were at a version. */
  readonly #long = new Map<number, { version: number; cells: (Float64Array | undefined)[] }>();

  constructor(sql: Statements, name: string) {
    this.#sql = sql;
    // As JSON any string is a text, with NUL and halves of surrogate pairs.
    const text = JSON.stringify(name);
    sql.addBudget.run(text);
    this.budget = Number((sql.findBudget.get(text) as { id: number }).id);
  }

  /** The row of a key and that of the whole limiter, as they are now. */
  readBoth(key: string): { readonly key: Row; readonly root: Row } {
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

  #fill(row: Row, stored: Stored): void {
    row.id = Number(stored.id);
    row.version = Number(stored.version);
    row.seen = Number(stored.seen);
    row.lag = Number(stored.lag);
    row.ticket = Number(stored.ticket);
    row.born = Number(stored.born);
    row.gate = Number(stored.gate);
    row.shape = Number(stored.shape);
    this.#readStates(row, stored.cells);
  }

  /** Whether one statement writes all of it. */
  isShort(row: Row): boolean {
    if (row.id === 0) row.shape ??= this.#shapeIds.get(textOf(row));
    return row.shape !== undefined && row.states.every(({ size }) => size <= INLINE);
  }

  /** False when the row was changed by somebody else since it was read. */
  write(row: Row, moment: Moment): boolean {
    const whole = row.shape === undefined;
    row.shape ??= this.#shapeOf(row);
    const old = row.version;
    // A row that is made again after it was forgotten must not have a version that it had before.
    const version = row.id === 0 ? moment.now : old + 1;
    row.seen = row.momentOf(moment).now;
    const idle = Math.max(row.idleFrom(moment), row.states.length === 0 ? moment.now + REST : 0);
    const { seen, lag, ticket, born, gate, shape } = row;
    const kept = Math.min(idle, Number.MAX_SAFE_INTEGER);
    const values = [version, seen, lag, kept, ticket, born, gate, shape, encode(row)] as const;
    const { changes } =
      row.id === 0
        ? this.#sql.addRow.run(...values, this.budget, row.key)
        : this.#sql.changeRow.run(...values, row.id, old);
    if (Number(changes) !== 1) return false;
    row.version = version;
    if (row.states.some(({ size }) => size > INLINE)) this.#writeLong(row, whole);
    return true;
  }

  /** What is remembered of a row is not what is in the file. */
  forget(row: Row): void {
    this.#long.delete(row.id);
  }

  /** After a rollback nothing that was learnt since may be used. */
  forgetAll(): void {
    this.#long.clear();
    this.#shapes.clear();
    this.#shapeIds.clear();
  }

  #readStates(row: Row, blob: Uint8Array): void {
    if (blob.length % 8 !== 0) throw damaged("a state");
    const cells = new Float64Array(new Uint8Array(blob).buffer);
    const long = this.#long.get(row.id);
    let at = 0;
    for (const { name, limit } of this.#shape(row.shape!)) {
      const fixed = sizeOf(limit);
      if (at + Math.min(fixed, INLINE) > cells.length) throw damaged("a state");
      const size = grows(limit) ? grownSize(limit, { cells, base: at }) : fixed;
      if (!(size >= fixed && size < 2 ** 24)) throw damaged("a state");
      const kept = new Kept(name, limit, cells, at, size);
      if (size > INLINE) {
        const known = long?.cells[row.states.length];
        kept.cells = known?.length === size ? known : new Float64Array(size);
        kept.base = 0;
        kept.cells.set(cells.subarray(at, at + INLINE));
      }
      row.states.push(kept);
      at += Math.min(size, INLINE);
    }
    if (at !== cells.length) throw damaged("a state");
    if (row.states.some(({ size }) => size > INLINE)) this.#readLong(row);
  }

  /** Only what was changed since the row was last seen here. */
  #readLong(row: Row): void {
    const known = this.#long.get(row.id);
    const complete = row.states.every(
      ({ size, cells }, i) => size <= INLINE || known?.cells[i] === cells,
    );
    if (!(complete && known!.version === row.version)) {
      const since = complete ? known!.version : -1;
      const chunks = this.#sql.chunks.all(row.id, since) as { part: number; cells: Uint8Array }[];
      const missing = row.states.reduce((sum, { size }) => sum + chunksOf(size), 0);
      if (since < 0 && chunks.length < missing) throw damaged("a part of a long window");
      for (const { part, cells } of chunks) {
        const target = row.states[Math.floor(Number(part) / PARTS)];
        const from = INLINE + (Number(part) % PARTS) * CHUNK;
        const numbers = new Float64Array(new Uint8Array(cells).buffer);
        if (target && from + numbers.length <= target.size) target.cells.set(numbers, from);
      }
    }
    this.#remember(row);
  }

  #remember(row: Row): void {
    this.#long.delete(row.id);
    if (this.#long.size >= MOST_LONG) this.#long.delete(this.#long.keys().next().value!);
    const cells = row.states.map((kept) => (kept.size > INLINE ? kept.cells : undefined));
    this.#long.set(row.id, { version: row.version, cells });
  }

  #writeLong(row: Row, whole: boolean): void {
    if (row.id === 0) {
      row.id = Number((this.#sql.row.get(this.budget, row.key) as Stored).id);
    }
    if (whole) this.#sql.dropChunks.run(row.id);
    for (const [i, kept] of row.states.entries()) {
      const count = chunksOf(kept.size);
      const parts =
        whole || kept.dirty === undefined ? Array.from({ length: count }, (_, n) => n) : kept.dirty;
      for (const part of parts) {
        const from = INLINE + part * CHUNK;
        const numbers = kept.cells.slice(
          kept.base + from,
          kept.base + Math.min(from + CHUNK, kept.size),
        );
        const bytes = new Uint8Array(numbers.buffer);
        this.#sql.putChunk.run(row.id, i * PARTS + part, row.version, bytes);
      }
      kept.dirty = new Set();
    }
    this.#remember(row);
  }

  #shape(id: number): Shape {
    let shape = this.#shapes.get(id);
    if (!shape) {
      const stored = this.#sql.shape.get(id) as { limits: string } | undefined;
      if (!stored) throw damaged("the limits of a row");
      shape = JSON.parse(stored.limits) as Shape;
      this.#shapes.set(id, shape);
    }
    return shape;
  }

  #shapeOf(row: Row): number {
    const text = textOf(row);
    let id = this.#shapeIds.get(text);
    if (id === undefined) {
      this.#sql.addShape.run(text);
      id = Number((this.#sql.findShape.get(text) as { id: number }).id);
      this.#shapeIds.set(text, id);
    }
    return id;
  }
}

/** Which limits the states of a row are of. */
function textOf(row: Row): string {
  return JSON.stringify(
    row.states.map(({ costName, limit }) => ({
      name: costName,
      limit: { ...limit, per: "key", defaultCost: 1 },
    })),
  );
}

function chunksOf(size: number): number {
  return size <= INLINE ? 0 : Math.ceil((size - INLINE) / CHUNK);
}

/** The numbers of all states; of long ones the first. */
function encode(row: Row): Uint8Array {
  const [first] = row.states;
  // Most rows are one state, in the numbers that were read.
  if (row.states.length === 1 && first!.size === first!.cells.length && first!.size <= INLINE) {
    return new Uint8Array(first!.cells.buffer);
  }
  const sizes = row.states.map(({ size }) => Math.min(size, INLINE));
  const cells = new Float64Array(sizes.reduce((sum, size) => sum + size, 0));
  let at = 0;
  for (const [i, kept] of row.states.entries()) {
    cells.set(kept.cells.subarray(kept.base, kept.base + sizes[i]!), at);
    at += sizes[i]!;
  }
  return new Uint8Array(cells.buffer);
}
