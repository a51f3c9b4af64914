/** Clients for the tests, and one whose server has the time of a clock that moves by hand. */

import { Cluster, Redis } from "ioredis";
import { createClient, createCluster } from "redis";
import { inject } from "vitest";
import type { Clock } from "../../src/clock.ts";
import type { IoRedisLike, RedisClient } from "../../src/stores/redis.ts";

/** A client, and what ends it. */
export interface Connected<C = RedisClient> {
  readonly client: C;
  end(): Promise<void>;
}

export function ioRedis(): Connected<Redis> {
  const client = new Redis(inject("redisUrl"));
  return { client, end: async () => client.disconnect() };
}

export function ioRedisCluster(): Connected<Cluster> {
  const client = new Cluster(inject("redisClusterPorts").map((port) => ({ port })));
  return { client, end: async () => client.disconnect() };
}

export async function nodeRedis(): Promise<Connected> {
  const client = await createClient({ url: inject("redisUrl") }).connect();
  return { client: client as unknown as RedisClient, end: async () => client.destroy() };
}

export async function nodeRedisCluster(): Promise<Connected> {
  const rootNodes = inject("redisClusterPorts").map((port) => ({
    url: `redis://127.0.0.1:${port}`,
  }));
  const cluster = createCluster({ rootNodes });
  await cluster.connect();
  return { client: cluster as unknown as RedisClient, end: async () => cluster.destroy() };
}

/** Time and expiry by the last argument, whatever the server's clock says. */
const TIMED = `
local real, given, clock = redis, ARGV, ARGV[#ARGV]
local ARGV = {}
for i = 1, #given - 1 do ARGV[i] = given[i] end
local time = clock + 0
for _, key in ipairs(real.call("ZRANGEBYSCORE", "timed-expiry", "-inf", time)) do
  real.call("DEL", key)
  real.call("ZREM", "timed-expiry", key)
end
local redis = { call = function(name, key, value, ...)
  local options = { ... }
  if value == nil and name ~= "TIME" then return real.call(name, key) end
  if name == "TIME" then return { "0", clock } end
  if name == "PEXPIRE" then
    return real.call("ZADD", "timed-expiry", string.format("%.0f", time + value * 1000), key)
  end
  if options[#options - 1] == "PX" then
    if options[1] == "NX" and real.call("EXISTS", key) == 1 then return false end
    local set = real.call("SET", key, value)
    if set then real.call("ZADD", "timed-expiry", string.format("%.0f", time + options[#options] * 1000), key) end
    return set
  end
  return real.call(name, key, value, ...)
end }
`;

/** Scripts read the time of `clock` instead of the server's; everything else is real. */
export class TimedClient implements IoRedisLike {
  clock: Clock | undefined;
  readonly #client: Redis;

  constructor(client: Redis) {
    this.#client = client;
  }

  evalsha(): Promise<unknown> {
    return Promise.reject(new Error("NOSCRIPT as after a restart"));
  }

  eval(script: string, keys: number, ...args: string[]): Promise<unknown> {
    const now = String(Math.round(this.clock!.wall() * 1e3));
    return this.#client.eval(TIMED + script, keys, ...args, now);
  }

  async scan(cursor: string, ...args: never[]): Promise<unknown> {
    await this.eval("return 0", 0);
    return this.#client.scan(cursor, ...args);
  }
}
