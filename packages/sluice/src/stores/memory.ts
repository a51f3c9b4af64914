/** The memory store: one process, the default. No timer per key; idle keys are forgotten. */

import { MemoryLedger } from "./memory/ledger.ts";
import type { Ledger, Scope, Store } from "./store.ts";

/** The memory store. */
export interface MemoryStore extends Store<true> {
  readonly sync: true;
}

/**
 * Keeps state in this process: what every limiter uses that is given no other store. Each limiter
 * has a budget of its own here, whatever its name.
 *
 * @example
 * const limiter = createLimiter("10/s", { store: memory() });
 */
export function memory(): MemoryStore {
  return { sync: true, open: (scope: Scope): Ledger<true> => new MemoryLedger(scope) };
}
