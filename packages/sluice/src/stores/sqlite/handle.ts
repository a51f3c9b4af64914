/** What a user's connection to SQLite must be able to do: `node:sqlite`, better-sqlite3 and the like. */

export type SqlValue = string | number | Uint8Array | null;

/** A prepared statement. */
export interface SqliteStatement {
  get(...values: SqlValue[]): unknown;
  all(...values: SqlValue[]): unknown[];
  run(...values: SqlValue[]): { readonly changes: number | bigint };
}

/** An open connection: `DatabaseSync` of `node:sqlite`, `Database` of better-sqlite3 or libsql. */
export interface SqliteHandle {
  exec(sql: string): unknown;
  prepare(sql: string): SqliteStatement;
}

interface Flags {
  /** better-sqlite3 and libsql; in `node:sqlite` this is a method. */
  readonly open?: unknown;
  readonly inTransaction?: boolean;
  /** `node:sqlite`. */
  readonly isOpen?: boolean;
  readonly isTransaction?: boolean;
  /** libsql. */
  readonly syncUntil?: unknown;
}

/** Asked before anything else: libsql crashes the process when a closed connection is used. */
export function isClosed(handle: SqliteHandle): boolean {
  const { open, isOpen } = handle as Flags;
  return open === false || isOpen === false;
}

/** Whether a transaction is open; `undefined` where that cannot be told. */
export function inTransaction(handle: SqliteHandle): boolean | undefined {
  const { isTransaction, inTransaction: open } = handle as Flags;
  return isTransaction ?? open;
}

/**
 * libsql leaves a prepared statement that failed with `SQLITE_BUSY` in progress, and what is read later
 * on the connection is then as old as that: there only `exec` may meet a lock.
 */
export function resetsBusyStatements(handle: SqliteHandle): boolean {
  return typeof (handle as Flags).syncUntil !== "function";
}

/** Ends a transaction, unless the failure has ended it. */
export function rollBack(handle: SqliteHandle): void {
  if (isClosed(handle)) return;
  try {
    handle.exec("ROLLBACK");
  } catch (error) {
    if (inTransaction(handle)) throw error;
  }
}
