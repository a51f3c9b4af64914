import { createLimiter, window } from "sluice";
import { usedBytes } from "../harness/numbers.ts";
import { pacingPeers } from "../peers/pacing.ts";

export interface Held {
  /** Bytes for each waiter, and for each bare pending promise with its two resolvers. */
  readonly bytes: number;
  readonly floor: number;
}

const LONG_MS = 3_600_000;

/** As many that wait as are asked for; they are never served. */
export async function hold({ who, waiters }: { who: string; waiters: number }): Promise<Held> {
  const floor = await bytesEach(waiters, bare);
  const submit = who === "sluice" ? sluice() : pacingPeers[who]!(1, LONG_MS);
  await submit(nothing); // it passes, so that the others wait
  for (let i = 0; i < 100; i++) submit(nothing).catch(nothing);
  const bytes = await bytesEach(waiters, () => {
    const promises = Array.from<Promise<unknown>>({ length: waiters });
    for (let i = 0; i < waiters; i++) promises[i] = submit(nothing);
    return promises;
  });
  return { bytes, floor };
}

function nothing(): void {}

function sluice(): (job: () => void) => Promise<unknown> {
  const limiter = createLimiter(window(1, LONG_MS));
  return () => limiter.acquire();
}

function bare(count: number): unknown[] {
  const promises = Array.from<Promise<void>>({ length: count });
  const resolvers = Array.from<() => void>({ length: count });
  const rejecters = Array.from<(reason: unknown) => void>({ length: count });
  for (let i = 0; i < count; i++) {
    promises[i] = new Promise<void>((resolve, reject) => {
      resolvers[i] = resolve;
      rejecters[i] = reject;
    });
  }
  return [promises, resolvers, rejecters];
}

async function bytesEach(count: number, make: (count: number) => unknown[]): Promise<number> {
  const start = usedBytes();
  const kept = make(count);
  await new Promise(setImmediate);
  const bytes = (usedBytes() - start) / count;
  if (kept.length === 0) throw new Error("lost");
  return bytes;
}
