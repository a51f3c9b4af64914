/** The clients that the store accepts, and one statement through either of them. */

import pg from "pg";
import postgresJs from "postgres";
import type { PostgresClient } from "sluice/postgres";

export const clientNames = ["pg", "postgres"] as const;
export type ClientName = (typeof clientNames)[number];

export interface OpenClient {
  readonly client: PostgresClient;
  /** Runs a prepared statement. */
  query(text: string, values: readonly (string | number)[]): Promise<unknown>;
  end(): Promise<void>;
}

const CONNECTIONS = 8;

/** Every connection commits as the store does by default: without waiting for the disk. */
export function openClient(name: ClientName, url: string): OpenClient {
  if (name === "pg") {
    const options = "-c synchronous_commit=off";
    const pool = new pg.Pool({ connectionString: url, max: CONNECTIONS, options });
    return {
      client: pool,
      query: (text, values) => pool.query({ name: text.slice(0, 60), text, values: [...values] }),
      end: () => pool.end(),
    };
  }
  const connection = { synchronous_commit: "off" };
  const sql = postgresJs(url, { max: CONNECTIONS, connection, onnotice: () => undefined });
  return {
    client: sql,
    query: async (text, values) => sql.unsafe(text, [...values], { prepare: true }),
    end: () => sql.end(),
  };
}
