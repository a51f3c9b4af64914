/** A connection to PostgreSQL by the client that is installed: pg, or postgres. */

import type { PostgresClient } from "sluice/postgres";
import { findPackage } from "./find-package.ts";
import type { StoreAddress } from "./store-address.ts";

export interface PostgresConnection {
  readonly client: PostgresClient;
  /** The rows of one statement. */
  ask(text: string): Promise<readonly Record<string, unknown>[]>;
  close(): Promise<void>;
}

const CONNECTIONS = 4;
const CONNECT_MS = 5_000;
/** Seconds between two attempts to connect again: the first, from which it grows, and the most. */
const FIRST_PAUSE = 0.05;
const LONGEST_PAUSE = 1;
/** Milliseconds that calls under way get when it is closed. */
const CLOSE_MS = 1_000;

/** Connects when it is first used. */
export function openPostgres(address: StoreAddress, cwd: string): PostgresConnection {
  const found = findPackage(["pg", "postgres"], cwd, address.name);
  return found.name === "pg"
    ? openPg(found.exports as Pg, address.place)
    : openPostgresJs(found.exports as PostgresJs, address.place);
}

interface Pg {
  readonly Pool: new (options: object) => PgPool;
}

type PgPool = PostgresClient & {
  on(event: "error", listener: () => void): unknown;
  query(text: string): Promise<{ readonly rows: Record<string, unknown>[] }>;
  end(): Promise<void>;
};

function openPg({ Pool }: Pg, url: string): PostgresConnection {
  const pool = new Pool({
    connectionString: url,
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MS,
    allowExitOnIdle: true,
  });
  pool.on("error", () => {}); // a lost connection is replaced, and calls say when that fails
  return {
    client: pool,
    ask: async (text) => (await pool.query(text)).rows,
    close: () => Promise.race([pool.end(), pause(CLOSE_MS)]),
  };
}

type PostgresJs = (url: string, options: object) => Sql;

type Sql = PostgresClient & {
  unsafe(text: string): Promise<Record<string, unknown>[]>;
  end(options: { timeout: number }): Promise<void>;
};

function openPostgresJs(postgres: PostgresJs, url: string): PostgresConnection {
  const sql = postgres(url, {
    max: CONNECTIONS,
    connect_timeout: CONNECT_MS / 1e3,
    onnotice: () => {},
    // What it asks by itself rejects where nobody can hear it, when the connection is lost then.
    fetch_types: false,
    backoff: (tries: number) => Math.min(LONGEST_PAUSE, tries * FIRST_PAUSE),
  });
  return {
    client: sql,
    ask: (text) => sql.unsafe(text),
    close: () => sql.end({ timeout: CLOSE_MS / 1e3 }),
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
