import { createLimiter, type Limiter, window } from "sluice";
import { watchStalls } from "../harness/stall.ts";

const MILLION = 1_000_000;

/** What lets all of them go at once. */
export const releases = ["a window of 1,000,000", "breach()"] as const;

export interface Release {
  /** The longest stall of the event loop until the last one was through, in ms. */
  readonly longest: number;
  readonly took: number;
}

export async function release(by: (typeof releases)[number]): Promise<Release> {
  const limiter = createLimiter(window(MILLION, by === "breach()" ? "1h" : "5s"));
  limiter.tryAcquire({ cost: MILLION }); // all at one instant: so they return
  const waiting = new Waiting(limiter);
  globalThis.gc!();
  await new Promise((resolve) => setTimeout(resolve, 50));
  const started = performance.now();
  const watch = watchStalls();
  if (by === "breach()") setImmediate(() => limiter.breach());
  await waiting.served;
  const longest = watch.stop();
  return { longest, took: performance.now() - (waiting.firstAt || started) };
}

/** A million callers, each with code of its own that goes on after the wait. */
class Waiting {
  readonly served: Promise<void>;
  firstAt = 0;

  constructor(limiter: Pick<Limiter, "acquire">) {
    let left = MILLION;
    this.served = new Promise((resolve, reject) => {
      const onPermit = (): void => {
        if (this.firstAt === 0) this.firstAt = performance.now();
        if (--left === 0) resolve();
      };
      for (let i = 0; i < MILLION; i++) limiter.acquire().then(onPermit, reject);
    });
  }
}
