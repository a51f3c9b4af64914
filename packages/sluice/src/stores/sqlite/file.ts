/** A file as a limiter needs it: write-ahead logging, no busy handler, Sluice's own tables. */

import { InvalidOptionError, SluiceError } from "../../errors.ts";
import { busy, closed, failureOf, isBusy } from "./failures.ts";
import { isClosed, rollBack, type SqliteHandle, type SqliteStatement } from "./handle.ts";
import { makeTables, prepareAll, type Statements } from "./schema.ts";

/** At the opening, several processes may make the tables at once; then sleeping does no harm. */
const PATIENCE_MS = 4_000;
const PAUSE_MS = 20;

/**
 * How long the log grows, in pages of mostly 4 kB, before it is carried over. That waits for the disk,
 * in part with the lock held: with SQLite's own 1,000 it would be one admission in a thousand.
 */
const LOG_PAGES = 4_000;

export function openFile(handle: SqliteHandle, table: string): Statements {
  if (isClosed(handle)) throw closed();
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  let slept = 0;
  for (;;) {
    try {
      return open(handle, table);
    } catch (error) {
      if (error instanceof SluiceError) throw error;
      if (!isBusy(error)) throw failureOf(error);
      if (slept >= PATIENCE_MS) throw busy(error, PATIENCE_MS);
    }
    const pause = PAUSE_MS * (0.5 + Math.random());
    Atomics.wait(sleeper, 0, 0, pause);
    slept += pause;
  }
}

function open(handle: SqliteHandle, table: string): Statements {
  checkAnswers(handle);
  handle.exec("PRAGMA busy_timeout = 0");
  handle.exec("PRAGMA journal_mode = WAL");
  handle.exec("PRAGMA synchronous = NORMAL");
  handle.exec(`PRAGMA wal_autocheckpoint = ${LOG_PAGES}`);
  handle.exec("BEGIN IMMEDIATE");
  try {
    makeTables(handle, table);
    handle.exec("COMMIT");
  } catch (error) {
    rollBack(handle);
    throw error;
  }
  return prepareAll(handle, table);
}

/** Callbacks and promises look like the real thing until something is to be read. */
function checkAnswers(handle: SqliteHandle): void {
  const statement: Partial<SqliteStatement> = handle.prepare("SELECT 1 AS one");
  const row = statement.get?.() as { readonly one?: unknown } | undefined;
  if (Number(row?.one) === 1) return;
  throw new InvalidOptionError(
    'sqlite() takes a connection that answers at once, such as new DatabaseSync("limits.db") of node:sqlite; this one has callbacks or promises, or returns rows in a form of its own.',
  );
}
