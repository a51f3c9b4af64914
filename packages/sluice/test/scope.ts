/** What a ledger is opened with where nobody waits for a key, and nobody is told what was freed. */

import type { Scope } from "../src/stores/store.ts";

/** All but the clock has a value. */
export function scopeOf(scope: Pick<Scope, "clock"> & Partial<Scope>): Scope {
  return {
    name: "n",
    maxKeys: 1000,
    start: "full",
    isWaited: () => false,
    onFreed: () => undefined,
    ...scope,
  };
}
