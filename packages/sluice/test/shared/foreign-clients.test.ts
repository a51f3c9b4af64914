// A client where another one is due, or a store: one sentence, without the password that is in the client.
import { Redis } from "ioredis";
import pg from "pg";
import { createClient } from "redis";
import { expect, test } from "vitest";
import { createLimiter, SluiceError, type Store } from "../../src/index.ts";
import { fallback } from "../../src/stores/fallback.ts";
import { postgres, type PostgresClient } from "../../src/stores/postgres.ts";
import { redis, type RedisClient } from "../../src/stores/redis.ts";
import { sharedMemory } from "../../src/stores/shared-memory.ts";
import { sqlite, type SqliteHandle } from "../../src/stores/sqlite.ts";

const address = "127.0.0.1:1/x";
const connectionString = `postgres://u:s3cr3t@${address}`;
const url = `redis://u:s3cr3t@${address}`;

/** None of them connects before it is used. */
const clients: Record<string, unknown> = {
  Pool: new pg.Pool({ connectionString }),
  Client: new pg.Client({ connectionString }),
  ioredis: new Redis("redis://u:s3cr3t@127.0.0.1:1", { lazyConnect: true }),
  "node-redis": createClient({ url: "redis://u:s3cr3t@127.0.0.1:1" }),
  "an address": url,
  options: { host: "h", password: "s3cr3t" },
};

const takers: Record<string, (client: unknown) => unknown> = {
  redis: (client) => redis(client as RedisClient),
  postgres: (client) => postgres(client as PostgresClient),
  sqlite: (client) => sqlite(client as SqliteHandle),
  sharedMemory: (client) => sharedMemory(client as SharedArrayBuffer),
  fallback: (client) => fallback(client as Store, { onFailure: "refuse" }),
  createLimiter: (client) => createLimiter("1/1s", { name: "n", store: client as Store }),
};

const fits = new Set([
  "Pool postgres",
  "Client postgres",
  "ioredis redis",
  "node-redis redis",
  "an address sharedMemory", // it may be a path
]);

const pairs = Object.keys(clients).flatMap((client) =>
  Object.keys(takers).map((taker) => [client, taker] as const),
);

test.each(pairs.filter((pair) => !fits.has(pair.join(" "))))("%s for %s()", (client, taker) => {
  let error: unknown;
  try {
    takers[taker]!(clients[client]);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(SluiceError);
  const { code, message } = error as SluiceError;
  expect(code).toBe("INVALID_OPTION");
  expect(message).toMatch(/^[^\n]+; got [^\n]+\.$/);
  expect(message).not.toContain("s3cr3t");
});
