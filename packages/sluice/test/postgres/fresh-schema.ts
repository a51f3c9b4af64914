/** A schema of its own for a file of tests, made anew before them. */

import type pg from "pg";
import { afterAll, beforeAll } from "vitest";
import { postgres } from "../../src/stores/postgres.ts";
import { type Connected, pgClient, TimedClient } from "./clients.ts";

/** Returns what gives its one connection, once the tests run. */
export function freshSchema(schema: string): () => pg.Client {
  let connected: Connected<pg.Client>;
  beforeAll(async () => {
    connected = await pgClient();
    await connected.client.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
    await postgres(new TimedClient(connected.client), { schema }).migrate();
  });
  afterAll(() => connected.end());
  return () => connected.client;
}
