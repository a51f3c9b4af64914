/** The limits of this bench, and how they are asked. */

import { createLimiter, type LimitsInput, pace, window } from "sluice";
import { sharedMemory } from "sluice/shared-memory";

/** How many there are to be taken, in all, of the kinds that are drained. */
export const THERE_ARE = 60_000;

export const LIMITS = {
  // Never full at these speeds.
  pace: pace("100000/s", { burst: 1e9 }),
  window: window(1_000_000, "1ms"),
  "pace to the end": pace("1/1h", { burst: THERE_ARE }),
  "window to the end": window(THERE_ARE, "1d"),
} as const satisfies Record<string, LimitsInput>;

export type Kind = keyof typeof LIMITS;

/** What is measured: an ask for a key that is always the same. */
export interface Trier {
  tryAcquire(options: { readonly key: string }): { readonly granted: boolean };
}

export function inMemory(kind: Kind): Trier {
  return createLimiter(LIMITS[kind]);
}

export function shared(kind: Kind, memory: SharedArrayBuffer | string): Trier {
  // The grace pads the window: a short one, or it would remember twenty times as much as in memory.
  const grace = kind === "window" ? 5 : 1_000;
  const store = sharedMemory(memory, { size: 2 ** 25, grace });
  return createLimiter(LIMITS[kind], { name: kind, store });
}

/** How many of so many calls were granted. */
export function take(limiter: Trier, calls: number): number {
  let granted = 0;
  for (let i = 0; i < calls; i++) if (limiter.tryAcquire({ key: "user:7" }).granted) granted++;
  return granted;
}
