/** A connection to Redis by the client that is installed: ioredis, or redis. */

import type { RedisClient } from "sluice/redis";
import { findPackage } from "./find-package.ts";
import type { StoreAddress } from "./store-address.ts";

export interface RedisConnection {
  readonly client: RedisClient;
  close(): void;
}

/** Milliseconds between two attempts to connect again, at the most. */
const LONGEST_PAUSE = 1_000;
const CONNECT_MS = 5_000;

/**
 * Connects once and rejects when that fails; a connection that is lost later is made again for ever,
 * and calls meanwhile fail at once instead of gathering.
 */
export async function openRedis(address: StoreAddress, cwd: string): Promise<RedisConnection> {
  const found = findPackage(["ioredis", "redis"], cwd, address.name);
  return await (found.name === "ioredis"
    ? openIoRedis(found.exports as IoRedis, address.place)
    : openNodeRedis(found.exports as NodeRedis, address.place));
}

interface IoRedis {
  readonly Redis: new (url: string, options: object) => IoRedisClient;
}

type IoRedisClient = RedisClient & {
  on(event: "error", listener: (error: Error) => void): unknown;
  connect(): Promise<void>;
  select(database: number): Promise<unknown>;
  disconnect(): void;
};

async function openIoRedis({ Redis }: IoRedis, url: string): Promise<RedisConnection> {
  let connected = false;
  let failure: unknown;
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_MS,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    retryStrategy: (times: number) => (connected ? pauseBefore(times) : null),
  });
  // Failures are told by the calls; why there is no connection only by this event.
  client.on("error", (error) => {
    failure = error;
  });
  try {
    await client.connect();
    // By itself it goes on with database 0 when there is none of this number.
    const database = Number(new URL(url).pathname.slice(1));
    if (database > 0) await client.select(database);
  } catch (error) {
    client.disconnect();
    throw failure ?? error;
  }
  connected = true;
  return { client, close: () => client.disconnect() };
}

interface NodeRedis {
  createClient(options: object): NodeRedisClient;
}

type NodeRedisClient = RedisClient & {
  on(event: "error", listener: () => void): unknown;
  connect(): Promise<unknown>;
  destroy(): void;
};

async function openNodeRedis({ createClient }: NodeRedis, url: string): Promise<RedisConnection> {
  let connected = false;
  const client = createClient({
    url,
    disableOfflineQueue: true,
    socket: {
      connectTimeout: CONNECT_MS,
      reconnectStrategy: (times: number) => (connected ? pauseBefore(times) : false),
    },
  });
  client.on("error", () => {});
  await client.connect();
  connected = true;
  return { client, close: () => client.destroy() };
}

function pauseBefore(times: number): number {
  return Math.min(LONGEST_PAUSE, 50 * (times + 1));
}
