/** The SQLite store: processes of one host share a file; state survives restarts, without a server. */

import { InvalidOptionError } from "../../errors.ts";
import { booked, type BookedOptions } from "../../shared/booked.ts";
import { show } from "../../time.ts";
import { openFile } from "./file.ts";
import type { SqliteHandle } from "./handle.ts";
import { SqliteLedger } from "./ledger.ts";
import type { Ledger, Scope, Store } from "../store.ts";

/** Options of `sqlite`. */
export interface SqliteOptions extends BookedOptions {
  /** What the tables' names begin with; default `"sluice"`. Letters, digits and `_`. */
  readonly table?: string;
}

/** The SQLite store. */
export interface SqliteStore extends Store<true> {
  readonly sync: true;
}

/**
 * Keeps state in an SQLite file. Limiters of the same name share one budget, whichever processes they
 * are in, and it is still there after a restart or a `kill -9`.
 *
 * The connection should be the limiter's own: it is set to write-ahead logging, `synchronous = NORMAL`
 * (a power failure may forget the last admissions, a killed process none), a log of up to 4,000 pages
 * (16 MB) and no busy timeout. Close it after the limiter.
 *
 * @param handle - A connection of `node:sqlite`, better-sqlite3, or a package with the API of either.
 * @throws `STORE_CORRUPT` for a file that is damaged, another's, or of another version;
 *   `STORE_UNAVAILABLE` for one that cannot be written, `STORE_BUSY` for one that stays locked.
 * @example
 * import { DatabaseSync } from "node:sqlite";
 * const store = sqlite(new DatabaseSync("limits.db"));
 * const limiter = createLimiter("100/1m", { name: "api", store });
 */
export function sqlite(handle: SqliteHandle, options: SqliteOptions = {}): SqliteStore {
  const { table = "sluice" } = options;
  if (typeof handle?.prepare !== "function" || typeof handle.exec !== "function") {
    throw new InvalidOptionError(
      `sqlite() takes an open connection such as new DatabaseSync("limits.db") of node:sqlite; got ${show(handle)}.`,
    );
  }
  if (typeof table !== "string" || !/^[A-Za-z_][A-Za-z0-9_]{0,39}$/.test(table)) {
    throw new InvalidOptionError(
      `table must be at most 40 letters, digits or _, and begin with a letter; got ${show(table)}.`,
    );
  }
  const waiting = booked(options);
  const statements = openFile(handle, table);
  return {
    sync: true,
    waiting,
    open: (scope: Scope): Ledger<true> => new SqliteLedger(handle, statements, scope),
  };
}
