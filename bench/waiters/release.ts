import { setTimeout as sleep } from "node:timers/promises";
import { createLimiter, window } from "sluice";
import { watchStalls } from "../harness/stall.ts";

const MILLION = 1_000_000;
const SLICE_MS = 5;

/** What lets all of them go at once. The floor has no limiter: bare promises, resolved in slices. */
export const releases = ["a window of 1,000,000", "breach()", "floor"] as const;

export interface Release {
  /** The longest stall of the event loop until the last one was through, in ms. */
  readonly longest: number;
  readonly took: number;
}

export async function release(by: (typeof releases)[number]): Promise<Release> {
  const crowd = by === "floor" ? bareCrowd() : limiterCrowd(by);
  let left = MILLION;
  let firstAt = 0;
  const served = new Promise<void>((resolve, reject) => {
    // Every caller has code of its own that goes on after the wait.
    const onPermit = (): void => {
      if (firstAt === 0) firstAt = performance.now();
      if (--left === 0) resolve();
    };
    for (let i = 0; i < MILLION; i++) crowd.join().then(onPermit, reject);
  });
  globalThis.gc!();
  await sleep(50);
  const watch = watchStalls();
  setImmediate(crowd.go);
  await served;
  return { longest: watch.stop(), took: performance.now() - firstAt };
}

interface Crowd {
  join(): Promise<unknown>;
  go(): void;
}

function limiterCrowd(by: (typeof releases)[number]): Crowd {
  const limiter = createLimiter(window(MILLION, by === "breach()" ? "1h" : "5s"));
  limiter.tryAcquire({ cost: MILLION }); // all at one instant, and so back at one instant
  return {
    join: () => limiter.acquire(),
    go: () => {
      if (by === "breach()") limiter.breach();
    },
  };
}

function bareCrowd(): Crowd {
  const resolvers: ((permit: object) => void)[] = [];
  let next = 0;
  const go = (): void => {
    const end = performance.now() + SLICE_MS;
    while (next < resolvers.length && performance.now() < end)
      resolvers[next++]!({ granted: true });
    if (next < resolvers.length) setImmediate(go);
  };
  return {
    join: () =>
      new Promise((resolve) => {
        resolvers.push(resolve);
      }),
    go,
  };
}
