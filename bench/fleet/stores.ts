/** The shared stores, opened anew in every process. */

import type { Store } from "sluice";

export const STORES = ["redis", "postgres", "sqlite", "shared-memory"] as const;
export type StoreName = (typeof STORES)[number];

export interface OpenStore {
  readonly store: Store;
  close(): Promise<unknown> | unknown;
}

/** `where` is an address or a file. */
export async function openStore(name: StoreName, where: string): Promise<OpenStore> {
  switch (name) {
    case "redis": {
      const { redis } = await import("sluice/redis");
      const { Redis } = await import("ioredis");
      const client = new Redis(where);
      return { store: redis(client), close: () => client.quit() };
    }
    case "postgres": {
      const { postgres } = await import("sluice/postgres");
      const { default: pg } = await import("pg");
      const pool = new pg.Pool({ connectionString: where, max: 4 });
      return { store: postgres(pool), close: () => pool.end() };
    }
    case "sqlite": {
      const { sqlite } = await import("sluice/sqlite");
      const { DatabaseSync } = await import("@photostructure/sqlite");
      const database = new DatabaseSync(where);
      return { store: sqlite(database), close: () => database.close() };
    }
    case "shared-memory": {
      const { sharedMemory } = await import("sluice/shared-memory");
      return { store: sharedMemory(where), close: () => undefined };
    }
  }
}
