/** A store for a fleet that has PostgreSQL. */

import { InvalidOptionError } from "../../errors.ts";
import { booked, type BookedOptions } from "../../shared/booked.ts";
import { type Duration, show } from "../../time.ts";
import { connectionOf, type PostgresClient, type PostgresListener } from "./client.ts";
import { PostgresLedger } from "./ledger.ts";
import { migrate } from "./migrate.ts";
import type { Store } from "../store.ts";

/** Options of `postgres`. */
export interface PostgresOptions extends BookedOptions {
  /** Where tables and functions are; default `"sluice"`. Letters, digits and `_`. */
  readonly schema?: string;
  /** How far ahead waiters book, and in which time a `pause` elsewhere is heard of; default 1 s. */
  readonly horizon?: Duration;
  /**
   * Whether an answer waits until its write is on the server's disk; default false. Without it a crash
   * of the server (not of a client) forgets the admissions of about its last half second, which then
   * pass again: at most what the limits admit at once. With it each decision takes a flush of the disk.
   */
  readonly durable?: boolean;
  /** Whether statements are prepared; default true. False behind poolers that share connections. */
  readonly prepare?: boolean;
  /**
   * A connection of its own, on which releases elsewhere are heard of at once (LISTEN), and without
   * which this process does not tell of its own (NOTIFY): give it in all processes or in none. Without
   * it, who waits for a slot looks again every 5 to 100 ms.
   */
  readonly listener?: PostgresListener;
}

/** The store, and what makes its schema. */
export interface PostgresStore extends Store<false> {
  /**
   * Makes the schema, its tables and functions, or brings them up to this version; a second time it
   * changes nothing. Its role must own the schema, or may create it.
   *
   * @throws `STORE_UNAVAILABLE` without the rights; `STORE_CORRUPT` when a later version made it.
   */
  migrate(): Promise<void>;
}

/**
 * Keeps budgets in PostgreSQL 14 or later: limiters of the same name share one, wherever they run. The
 * time is the server's. Every decision is one call of a function.
 *
 * @param client - A `Pool` (or a connected `Client` that does nothing else) of the npm package `pg`, or
 *   the `sql` of the npm package `postgres`. It stays yours: closing the limiter leaves it open.
 * @throws `INVALID_OPTION` for an unknown client or options that make no sense.
 * @example
 * const store = postgres(new Pool());
 * await store.migrate(); // once, when you deploy
 * const limiter = createLimiter("100/1m", { name: "api", store });
 */
export function postgres(client: PostgresClient, options: PostgresOptions = {}): PostgresStore {
  const { schema = "sluice", durable = false, prepare = true, listener } = options;
  if (typeof schema !== "string" || !/^[a-z_][a-z0-9_]{0,62}$/i.test(schema)) {
    throw new InvalidOptionError(
      `schema must be a name of at most 63 letters, digits and _; got ${show(schema)}.`,
    );
  }
  const connection = connectionOf(client, prepare);
  const waiting = booked(options);
  const { horizon } = waiting;
  return {
    sync: false,
    waiting,
    migrate: () => migrate(connection, schema),
    open: (scope) => new PostgresLedger(connection, scope, { schema, horizon, durable, listener }),
  };
}
