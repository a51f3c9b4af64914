/** The schema of the store: made, or brought up to this version. */

import { StoreUnavailableError } from "../../errors.ts";
import { show } from "../../time.ts";
import type { Connection } from "./client.ts";
import { FUNCTIONS, TABLES } from "./decide.sql.ts";
import { failureOf } from "./failures.ts";

/**
 * Counts up with every change of the tables or the functions. The states of version 1 had another form,
 * and it was never released: they are dropped.
 */
const VERSION = 3;
/** @throws `STORE_UNAVAILABLE` or `STORE_CORRUPT` when the schema is of another version. */
export async function checkVersion(connection: Connection, schema: string): Promise<void> {
  const text = inSchema("SELECT version FROM sluice.version", schema);
  const [found] = await connection.ask(text, []);
  const version = Number(found ?? 0);
  if (version === VERSION) return;
  if (version > VERSION) throw new Error(`SLUICE_NEWER ${version}`);
  throw new StoreUnavailableError(
    `the schema ${show(schema)} has version ${version}, and this Sluice needs version ${VERSION}; run migrate() of this store, or \`sluice migrate\`.`,
  );
}

/** For the lock that lets one migrate after the other. */
const LOCK = 0x51_0c_e5;

/** Makes what is missing, all in one transaction; a second time it changes nothing. */
export async function migrate(connection: Connection, schema: string): Promise<void> {
  const text = [
    `SELECT pg_advisory_xact_lock(${LOCK});`,
    `DO $$ BEGIN IF to_regnamespace('"${schema}"') IS NULL THEN CREATE SCHEMA "${schema}"; END IF; END $$;`,
    "CREATE TABLE IF NOT EXISTS sluice.version (version int NOT NULL);",
    `DO $$ DECLARE v int; BEGIN SELECT max(version) INTO v FROM sluice.version; IF v > ${VERSION} THEN RAISE EXCEPTION 'SLUICE_NEWER %', v; END IF; IF v < 2 THEN DROP TABLE sluice.budgets, sluice.log, sluice.settled CASCADE; END IF; END $$;`,
    TABLES,
    ...FUNCTIONS,
    "DELETE FROM sluice.version;",
    `INSERT INTO sluice.version VALUES (${VERSION});`,
  ].join("\n");
  try {
    await connection.run(inSchema(text, schema));
  } catch (error) {
    throw failureOf(error, schema, show(schema));
  }
}

/** The fragments are written for a schema `sluice`. */
export function inSchema(text: string, schema: string): string {
  return text.replace(/\bsluice\./g, () => `"${schema}".`);
}
