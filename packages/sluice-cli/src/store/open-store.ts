/** Opens what `--store` names, with a client that the user has installed. */

import { resolve } from "node:path";
import { type Duration, SluiceError, type Store } from "sluice";
import { CliError } from "../cli-error.ts";
import { openPostgres } from "./postgres-connection.ts";
import { openRedis } from "./redis-connection.ts";
import { openSqlite } from "./sqlite-connection.ts";
import { parseStoreAddress, type StoreAddress } from "./store-address.ts";

/** A store that is connected. */
export interface OpenStore {
  readonly store: Store<boolean>;
  /** As it is called in messages. */
  readonly name: string;
  /** Whether its failure says that its schema was not made. */
  isNotMigrated?(failure: unknown): boolean;
  close(): unknown;
}

export interface StoreRequest {
  readonly cwd: string;
  /** How late after its instant a row may start. */
  readonly grace?: Duration;
}

/**
 * Connects to a store by its address; one that was made in code is taken as it is, and stays open.
 *
 * @throws `STORE_UNKNOWN`, `STORE_CLIENT_MISSING`, `STORE_UNAVAILABLE`, and what the store throws.
 */
export async function openStore(
  store: string | Store<boolean>,
  request: StoreRequest,
): Promise<OpenStore> {
  if (typeof store !== "string") return { store, name: "the store of the job", close: () => {} };
  const address = parseStoreAddress(store);
  try {
    return { name: address.name, ...(await connect(address, request)) };
  } catch (error) {
    if (error instanceof CliError || error instanceof SluiceError) throw error;
    throw unreachable(address.name, error);
  }
}

type Connected = Omit<OpenStore, "name">;

async function connect(address: StoreAddress, { cwd, grace }: StoreRequest): Promise<Connected> {
  const options = grace === undefined ? {} : { grace };
  const { kind, place } = address;
  switch (kind) {
    case "redis": {
      const { client, close } = await openRedis(address, cwd);
      const { redis } = await import("sluice/redis");
      return { store: redis(client, options), close };
    }
    case "postgres": {
      const { client, ask, close } = openPostgres(address, cwd);
      await ask("SELECT 1");
      const { postgres } = await import("sluice/postgres");
      return { store: postgres(client, options), close, isNotMigrated };
    }
    case "sqlite": {
      const handle = openSqlite(address, cwd);
      const { sqlite } = await import("sluice/sqlite");
      return { store: sqlite(handle, options), close: () => handle.close() };
    }
    case "shared": {
      const { sharedMemory } = await import("sluice/shared-memory");
      return { store: sharedMemory(resolve(cwd, place), options), close: () => {} };
    }
  }
}

/** Codes of PostgreSQL for a schema, a table, a function or a type that is not there. */
const MISSING: ReadonlySet<unknown> = new Set(["3F000", "42P01", "42883", "42704"]);

function isNotMigrated(failure: unknown): boolean {
  const { cause } = (failure ?? {}) as { cause?: { code?: unknown } };
  return MISSING.has(cause?.code);
}

/** One sentence for a server that does not answer. */
export function unreachable(name: string, error: unknown): CliError {
  return new CliError(
    "STORE_UNAVAILABLE",
    `the store ${name} cannot be opened (${reasonOf(error)}); ${remedyFor(error)}.`,
    { cause: error },
  );
}

/** Codes of a TLS connection to a server whose certificate nobody known has signed. */
const UNSIGNED: ReadonlySet<unknown> = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

function remedyFor(error: unknown): string {
  if (UNSIGNED.has((error as { code?: unknown } | undefined)?.code)) {
    return "let NODE_EXTRA_CA_CERTS name the file with the certificate of its authority (PEM)";
  }
  return /^(NOAUTH|WRONGPASS)|password/.test(reasonOf(error))
    ? "see that its address has the right user and password"
    : "see that it is there, and that its address is right";
}

/** In one line; who tried several addresses says why for each of them, and nothing else. */
export function reasonOf(error: unknown): string {
  const { message, errors } = (error ?? {}) as { message?: unknown; errors?: unknown[] };
  if (!message && errors?.[0] !== undefined) return reasonOf(errors[0]);
  return String(message ?? error)
    .split("\n", 1)[0]!
    .replace(/\.$/, "");
}
