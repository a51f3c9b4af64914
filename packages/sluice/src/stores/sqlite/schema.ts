/** The tables, their version, and the statements that work on them. */

import { StoreCorruptError } from "../../errors.ts";
import type { SqliteHandle, SqliteStatement } from "./handle.ts";

/** Rises with every change of the tables or of what their numbers mean. */
const VERSION = 3;

/**
 * `budget`: a limiter's name, and a number that no forgotten row's ticket or version went beyond.
 * `state`: the row of a key, or with the key '' of the whole limiter: keys are JSON, so that any string
 * is one. `seen`, `gate` and the numbers in `cells` count the row's own time, which is `lag` ahead of the
 * clock's; tickets before `born` are forgotten.
 * `chunk`: what of long states does not lie in `cells`.
 * `shape`: which limits the numbers of a row are of.
 */
const TABLES = (name: string): string => `
CREATE TABLE ${name} (version INTEGER NOT NULL);
INSERT INTO ${name} VALUES (${VERSION});
CREATE TABLE ${name}_budget (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, ticket INTEGER NOT NULL);
CREATE TABLE ${name}_shape (id INTEGER PRIMARY KEY, limits TEXT NOT NULL UNIQUE);
CREATE TABLE ${name}_state (
  id INTEGER PRIMARY KEY, budget INTEGER NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL,
  seen INTEGER NOT NULL, lag INTEGER NOT NULL, idle INTEGER NOT NULL, ticket INTEGER NOT NULL,
  born INTEGER NOT NULL, gate INTEGER NOT NULL, shape INTEGER NOT NULL, cells BLOB NOT NULL,
  UNIQUE (budget, key));
CREATE TABLE ${name}_chunk (
  state INTEGER NOT NULL, part INTEGER NOT NULL, version INTEGER NOT NULL, cells BLOB NOT NULL,
  PRIMARY KEY (state, part)) WITHOUT ROWID;
`;

/**
 * Parameters have no numbers: to better-sqlite3 those are names, and it takes no values by place for them.
 * And what has no bytes is NULL to the SQLite of Node 22.
 */
const STATEMENTS = {
  findBudget: "SELECT id FROM $_budget WHERE name = ?",
  addBudget: "INSERT OR IGNORE INTO $_budget (name, ticket) VALUES (?, 0)",
  ticket: "SELECT ticket FROM $_budget WHERE id = ?",
  raiseTicket: "UPDATE $_budget SET ticket = max(ticket, ?) WHERE id = ?",
  row: `SELECT id, version, seen, lag, ticket, born, gate, shape, cells,
    (SELECT id FROM $_state AS whole WHERE whole.budget = one.budget AND whole.key = '') AS root
    FROM $_state AS one WHERE budget = ? AND key = ?`,
  addRow: `INSERT OR IGNORE INTO $_state
    (version, seen, lag, idle, ticket, born, gate, shape, cells, budget, key)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, coalesce(?, x''), ?, ?)`,
  changeRow: `UPDATE $_state SET version = ?, seen = ?, lag = ?, idle = ?, ticket = ?, born = ?,
    gate = ?, shape = ?, cells = coalesce(?, x'') WHERE id = ? AND version = ?`,
  swapRow: `UPDATE $_state SET version = version + 1, seen = ?, idle = ?, ticket = ?,
    cells = coalesce(?, x'') WHERE id = ? AND version = ? AND budget = ?
    AND (SELECT version FROM $_state AS whole
      WHERE whole.budget = $_state.budget AND whole.key = '') IS ?`,
  keys: `SELECT key FROM $_state WHERE budget = ? AND key <> '' AND idle > ?
    AND (gate > 0 OR length(cells) > 0)`,
  resetAll: `UPDATE $_state SET version = version + 1, born = ticket + 1, gate = 0, shape = ?,
    cells = x'', idle = ? WHERE budget = ?`,
  dropAllChunks: `DELETE FROM $_chunk WHERE state IN (SELECT id FROM $_state WHERE budget = ?)`,
  idleRows: `SELECT id, idle FROM $_state WHERE id > ? ORDER BY id LIMIT ?`,
  idleRow: "SELECT budget, max(ticket, version) AS ticket FROM $_state WHERE id = ? AND idle <= ?",
  dropRow: "DELETE FROM $_state WHERE id = ?",
  dropChunks: "DELETE FROM $_chunk WHERE state = ?",
  chunks: "SELECT part, cells FROM $_chunk WHERE state = ? AND version > ?",
  putChunk: "INSERT OR REPLACE INTO $_chunk (state, part, version, cells) VALUES (?, ?, ?, ?)",
  shape: "SELECT limits FROM $_shape WHERE id = ?",
  findShape: "SELECT id FROM $_shape WHERE limits = ?",
  addShape: "INSERT OR IGNORE INTO $_shape (limits) VALUES (?)",
} as const;

export type Statements = { readonly [name in keyof typeof STATEMENTS]: SqliteStatement };

/**
 * Makes the tables unless they are there; to be called within a transaction.
 *
 * @throws `STORE_CORRUPT` when they are another's, or of another version.
 */
export function makeTables(handle: SqliteHandle, table: string): void {
  const columns = handle
    .prepare("SELECT name FROM pragma_table_info(?)")
    .all(table)
    .map((column) => (column as { name: string }).name);
  if (columns.length === 0) return void handle.exec(TABLES(table));
  if (columns.join() !== "version") {
    throw new StoreCorruptError(
      `the SQLite file has a table "${table}" that is not Sluice's; choose another name with sqlite(handle, { table }).`,
    );
  }
  const row = handle.prepare(`SELECT version FROM ${table}`).get() as
    | { version: number }
    | undefined;
  if (Number(row?.version) !== VERSION) {
    throw new StoreCorruptError(
      `the SQLite file holds limits in version ${row?.version} of their form, and this Sluice reads version ${VERSION}; use the Sluice that wrote it, or another table.`,
    );
  }
}

export function prepareAll(handle: SqliteHandle, table: string): Statements {
  const entries = Object.entries(STATEMENTS).map(([name, sql]) => {
    return [name, handle.prepare(sql.replaceAll("$_", `${table}_`))];
  });
  return Object.fromEntries(entries) as Statements;
}
