/** A permit whose slots have a lease in a shared store, and may be lost to others. */

import type { Costs } from "../costs.ts";
import { Grant } from "../permit.ts";

export class LeasedGrant extends Grant {
  /** The costs whose slots it still has: a settlement may have given some back. */
  held: Costs = this.costs;
  #controller: AbortController | undefined;

  override get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /** The store gave its slots to others: that stays so, whenever the signal is read. */
  lose(): void {
    this.#lost.abort(new Error("the lease of this slot was lost"));
  }

  get #lost(): AbortController {
    return (this.#controller ??= new AbortController());
  }
}
