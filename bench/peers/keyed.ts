/** One limiter or entry for each key, as each peer's documentation does it; one admission each. */

import { RateLimit } from "async-sema";
import Bottleneck from "bottleneck";
import { RateLimiter } from "limiter";
import PQueue from "p-queue";
import { pRateLimit } from "p-ratelimit";
import pThrottle from "p-throttle";
import { RateLimiterMemory } from "rate-limiter-flexible";

/** Takes one admission for every key; what it returns holds the state. */
export type Keyed = (keys: readonly string[]) => object | Promise<object>;

const nothing = (): Promise<void> => Promise.resolve();

async function each<T>(
  keys: readonly string[],
  make: (key: string) => T,
  admit: (limiter: T) => unknown,
): Promise<object> {
  const limiters = new Map<string, T>();
  for (const key of keys) {
    const limiter = make(key);
    limiters.set(key, limiter);
    await admit(limiter);
  }
  return limiters;
}

/** The floor: what any state by key costs at the least. */
export function bareMap(keys: readonly string[]): object {
  const numbers = new Map<string, number>();
  for (const key of keys) numbers.set(key, performance.now());
  return numbers;
}

export const keyedPeers: Record<string, Keyed> = {
  "rate-limiter-flexible memory": async (keys) => {
    const limiter = new RateLimiterMemory({ points: 10, duration: 600 });
    for (const key of keys) await limiter.consume(key);
    return limiter;
  },
  "limiter, one each": (keys) =>
    each(
      keys,
      () => new RateLimiter({ tokensPerInterval: 10, interval: 600_000 }),
      (limiter) => limiter.tryRemoveTokens(1),
    ),
  "p-ratelimit, one each": (keys) =>
    each(
      keys,
      () => pRateLimit({ interval: 600_000, rate: 10 }),
      (limit) => limit(nothing),
    ),
  "p-throttle strict, one each": (keys) =>
    each(
      keys,
      () => pThrottle({ limit: 10, interval: 600_000, strict: true })(nothing),
      (throttled) => throttled(),
    ),
  "p-queue strict, one each": (keys) =>
    each(
      keys,
      () => new PQueue({ intervalCap: 10, interval: 600_000, strict: true }),
      (queue) => queue.add(nothing),
    ),
  "async-sema RateLimit, one each": (keys) =>
    each(
      keys,
      () => RateLimit(10, { timeUnit: 600_000 }),
      (limit) => limit(),
    ),
  "bottleneck Group": async (keys) => {
    const group = new Bottleneck.Group({ reservoir: 10 });
    await Promise.all(keys.map((key) => group.key(key).schedule(nothing)));
    return group;
  },
};
