// The store of a process of a chaos round, as a user would open it.
import type { Store } from "sluice";
import { fallback } from "sluice/fallback";
import type { WorkerOrder } from "./order.ts";

export interface OpenStore {
  readonly store: Store;
  close(): unknown;
}

export async function openStore(order: WorkerOrder): Promise<OpenStore> {
  const { store, close } = await bareStore(order);
  const { onFailure, processes } = order;
  if (onFailure === "none") return { store, close };
  const choice = onFailure === "share" ? { share: 1 / processes } : onFailure;
  const circuit = { failures: 3, pause: "150ms" } as const;
  return { store: fallback(store, { onFailure: choice, deadline: "200ms", circuit }), close };
}

async function bareStore({ store, where, graceMs }: WorkerOrder): Promise<OpenStore> {
  switch (store) {
    case "shared-memory": {
      const { sharedMemory } = await import("sluice/shared-memory");
      return { store: sharedMemory(where, { grace: graceMs }), close: () => undefined };
    }
    case "sqlite": {
      const { sqlite } = await import("sluice/sqlite");
      const { DatabaseSync } = await import("@photostructure/sqlite");
      const database = new DatabaseSync(where);
      return { store: sqlite(database, { grace: graceMs }), close: () => database.close() };
    }
    case "redis": {
      const { redis } = await import("sluice/redis");
      const { Redis } = await import("ioredis");
      const client = new Redis(where, { retryStrategy: () => 50 });
      client.on("error", () => undefined); // told by the calls
      return { store: redis(client, { grace: graceMs }), close: () => client.disconnect() };
    }
    case "postgres": {
      const { postgres } = await import("sluice/postgres");
      const { default: pg } = await import("pg");
      const pool = new pg.Pool({ connectionString: where, max: 3 });
      pool.on("error", () => undefined); // told by the calls
      return { store: postgres(pool, { grace: graceMs }), close: () => pool.end() };
    }
  }
}
