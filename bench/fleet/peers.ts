/** What others offer for one limit over processes, in Redis, set to 200/s as their pages say. */

import Bottleneck from "bottleneck";
import { Redis } from "ioredis";
import { setTimeout as sleep } from "node:timers/promises";
import { RedisStore } from "rate-limit-redis";
import { RateLimiterQueue, RateLimiterRedis } from "rate-limiter-flexible";

export const PEERS = ["rate-limiter-flexible", "bottleneck", "rate-limit-redis"] as const;
export type PeerName = (typeof PEERS)[number];

export interface Peer {
  /** Resolves when the caller may go on. */
  acquire(): Promise<unknown>;
}

/** @param name - The same name is the same budget. */
export function openPeer(peer: PeerName, where: string, name: string): Peer {
  switch (peer) {
    case "rate-limiter-flexible": {
      const storeClient = new Redis(where);
      const limiter = new RateLimiterRedis({
        storeClient,
        points: 200,
        duration: 1,
        keyPrefix: name,
      });
      const queue = new RateLimiterQueue(limiter);
      return { acquire: () => queue.removeTokens(1) };
    }
    case "bottleneck": {
      const { hostname, port } = new URL(where);
      const limiter = new Bottleneck({
        id: name,
        minTime: 5,
        datastore: "ioredis",
        Redis,
        clientOptions: { host: hostname, port: Number(port) },
      });
      return { acquire: () => limiter.schedule(() => Promise.resolve()) };
    }
    case "rate-limit-redis": {
      const client = new Redis(where);
      const sendCommand = (command: string, ...args: string[]): Promise<never> =>
        client.call(command, ...args) as Promise<never>;
      const store = new RedisStore({ prefix: `${name}:`, sendCommand });
      const ready = store.init({ windowMs: 1_000 } as Parameters<typeof store.init>[0]);
      // A server answers 429 then, with the time of the next try.
      const acquire = async (): Promise<void> => {
        await ready;
        for (;;) {
          const { totalHits, resetTime } = await store.increment("all");
          if (totalHits <= 200) return;
          await sleep(Math.max(1, resetTime!.getTime() - Date.now()));
        }
      };
      return { acquire };
    }
  }
}
