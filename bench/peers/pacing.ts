/** The peers set to "count per span", as their documentation says, for jobs that wait their turn. */

import { RateLimit } from "async-sema";
import Bottleneck from "bottleneck";
import { RateLimiter } from "limiter";
import PQueue from "p-queue";
import { pRateLimit } from "p-ratelimit";
import pThrottle from "p-throttle";
import { RateLimiterMemory, RateLimiterQueue } from "rate-limiter-flexible";

/** Runs the job once it is its turn. The job looks at the clock itself, first of all. */
export type Submit = (job: () => void) => Promise<unknown>;

/** @param span - Milliseconds. */
export type Pacing = (count: number, span: number) => Submit;

const calls = (job: () => void): Promise<void> => {
  job();
  return Promise.resolve();
};

export const pacingPeers: Record<string, Pacing> = {
  "p-ratelimit": (rate, interval) => {
    const limit = pRateLimit({ interval, rate });
    return (job) => limit(() => calls(job));
  },
  "p-queue strict": (intervalCap, interval) => {
    const queue = new PQueue({ intervalCap, interval, strict: true });
    return (job) => queue.add(() => calls(job));
  },
  "p-queue": (intervalCap, interval) => {
    const queue = new PQueue({ intervalCap, interval });
    return (job) => queue.add(() => calls(job));
  },
  "p-throttle strict": (limit, interval) => {
    const throttled = pThrottle({ limit, interval, strict: true })(calls);
    return (job) => throttled(job);
  },
  "p-throttle": (limit, interval) => {
    const throttled = pThrottle({ limit, interval })(calls);
    return (job) => throttled(job);
  },
  limiter: (tokensPerInterval, interval) => {
    const limiter = new RateLimiter({ tokensPerInterval, interval });
    return async (job) => {
      await limiter.removeTokens(1);
      job();
    };
  },
  "bottleneck reservoir": (count, span) => {
    const limiter = new Bottleneck({
      reservoir: count,
      reservoirRefreshAmount: count,
      reservoirRefreshInterval: span,
    });
    return (job) => limiter.schedule(() => calls(job));
  },
  "bottleneck minTime": (count, span) => {
    const limiter = new Bottleneck({ minTime: span / count });
    return (job) => limiter.schedule(() => calls(job));
  },
  "async-sema RateLimit": (count, span) => {
    const limit = RateLimit(count, { timeUnit: span });
    return async (job) => {
      await limit();
      job();
    };
  },
  "flexible queue": (points, span) => {
    const queue = new RateLimiterQueue(new RateLimiterMemory({ points, duration: span / 1e3 }));
    return async (job) => {
      await queue.removeTokens(1);
      job();
    };
  },
};
