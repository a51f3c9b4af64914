/** What is measured on Redis: Sluice, its peers, and a floor, each one admission a call. */

import type { Redis } from "ioredis";
import { RateLimiterRedis } from "rate-limiter-flexible";
import { RedisStore } from "rate-limit-redis";
import { createLimiter, type LimitsInput } from "sluice";
import { redis } from "sluice/redis";

/** Admits one of `key`; resolves once it may run, or to something that is not `granted`. */
export type Admit = (key: string) => Promise<unknown>;

/** More than is asked for: nobody is refused. */
const PLENTY = 1e9;
/** The loops here keep the process busy for longer than any server answers. */
const GRACE = "500ms";

export function waiting(client: Redis, name: string, limits: LimitsInput): Admit {
  const limiter = createLimiter(limits, { name, store: redis(client, { grace: GRACE }) });
  return (key) => limiter.acquire({ key });
}

export function trying(client: Redis, name: string, limits: LimitsInput): Admit {
  const limiter = createLimiter(limits, { name, store: redis(client, { grace: GRACE }) });
  return (key) => limiter.tryAcquire({ key });
}

export const peers: Record<string, (client: Redis) => Admit> = {
  "rate-limiter-flexible": (client) => {
    const limiter = new RateLimiterRedis({ storeClient: client, points: PLENTY, duration: 60 });
    return (key) => limiter.consume(key);
  },
  "rate-limit-redis": (client) => {
    const sendCommand = (name: string, ...args: string[]): Promise<never> =>
      client.call(name, ...args) as Promise<never>;
    const store = new RedisStore({ sendCommand });
    store.init({ windowMs: 60_000 } as Parameters<RedisStore["init"]>[0]);
    return (key) => store.increment(key);
  },
};

/** Time, one read and one write of `bytes`: what no limiter that keeps so much can do without. */
export async function floor(client: Redis, bytes: number, life: number): Promise<Admit> {
  const script = [
    'local time = redis.call("TIME")',
    'redis.call("GET", KEYS[1])',
    'redis.call("SET", KEYS[1], ARGV[1], "PX", ARGV[2])',
    "return time[1] * 1000000 + time[2]",
  ].join("\n");
  const sha = String(await client.script("LOAD", script));
  const value = "x".repeat(bytes);
  return (key) => client.evalsha(sha, 1, `floor:{${key}}`, value, String(life));
}
