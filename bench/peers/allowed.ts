/**
 * The peers' cheapest way through when there is room, with limits that never fill: what a limiter
 * that schedules functions is given returns at once.
 */

import { RateLimit, Sema } from "async-sema";
import Bottleneck from "bottleneck";
import { RateLimiter } from "limiter";
import PQueue from "p-queue";
import { pRateLimit } from "p-ratelimit";
import pThrottle from "p-throttle";
import { RateLimiterMemory } from "rate-limiter-flexible";
import type { Subject } from "../harness/rounds.ts";

const PLENTY = 1e9;

export const syncPeers: Record<string, () => Subject> = {
  "limiter: tryRemoveTokens": () => {
    const limiter = new RateLimiter({ tokensPerInterval: PLENTY, interval: "second" });
    return {
      calls: 100_000,
      batch: (calls) => {
        let granted = 0;
        for (let i = 0; i < calls; i++) if (limiter.tryRemoveTokens(1)) granted++;
        return granted;
      },
    };
  },
};

/** Knows no time, so it is no rate limit: to be seen beside `concurrency`. */
export const semaphore: Record<string, () => Subject> = {
  "async-sema: tryAcquire and release (no time in it)": () => {
    const sema = new Sema(16);
    return {
      calls: 200_000,
      batch: (calls) => {
        let granted = 0;
        for (let i = 0; i < calls; i++) {
          if (sema.tryAcquire() === undefined) continue;
          granted++;
          sema.release();
        }
        return granted;
      },
    };
  },
};

async function nothing(): Promise<boolean> {
  return true;
}

function calling(calls: number, call: () => Promise<boolean>, rest = 5): Subject {
  return {
    calls,
    rest,
    batch: async (calls) => {
      let granted = 0;
      for (let i = 0; i < calls; i++) if (await call()) granted++;
      return granted;
    },
  };
}

export const asyncPeers: Record<string, () => Subject> = {
  "limiter: removeTokens": () => {
    const limiter = new RateLimiter({ tokensPerInterval: PLENTY, interval: "second" });
    return calling(20_000, async () => (await limiter.removeTokens(1)) >= 0);
  },
  "rate-limiter-flexible memory: consume": () => {
    const limiter = new RateLimiterMemory({ points: PLENTY, duration: 3600 });
    return calling(20_000, async () => (await limiter.consume("user:7")).remainingPoints > 0);
  },
  "p-ratelimit": () => {
    const limit = pRateLimit({ interval: 1, rate: PLENTY });
    return calling(20_000, () => limit(nothing));
  },
  "p-throttle": () => calling(20_000, pThrottle({ limit: PLENTY, interval: 1000 })(nothing)),
  "p-throttle strict": () =>
    calling(20_000, pThrottle({ limit: PLENTY, interval: 1, strict: true })(nothing), 10),
  "p-queue": () => {
    const queue = new PQueue({ intervalCap: PLENTY, interval: 1000 });
    return calling(10_000, () => queue.add(nothing));
  },
  "p-queue strict": () => {
    const queue = new PQueue({ intervalCap: PLENTY, interval: 1, strict: true });
    return calling(10_000, () => queue.add(nothing));
  },
  // Each call sets a timer that returns its slot.
  "async-sema: RateLimit": () => {
    const limit = RateLimit(50_000, { timeUnit: 5 });
    return calling(10_000, async () => (await limit()) === undefined, 40);
  },
  bottleneck: () => {
    const limiter = new Bottleneck({ reservoir: PLENTY });
    return calling(20, () => limiter.schedule(nothing));
  },
};
