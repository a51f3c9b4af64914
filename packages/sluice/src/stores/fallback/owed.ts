/** What the store is still to be told, once it is back: bounded in number and, once sent, in age. */

import type { Change } from "../store.ts";

/** Beyond so many the oldest are given up: slots come back by their leases, costs stay charged. */
const MOST = 10_000;
/**
 * A change that was sent may have arrived, and a store knows it again only for a while; in
 * microseconds.
 */
const KNOWN = 30_000_000;

/** A change, and when it was sent for the first time, on this process's clock. */
export interface Pending {
  readonly change: Change;
  readonly sent: number | undefined;
}

export class Owed {
  #pending: Pending[] = [];

  get isEmpty(): boolean {
    return this.#pending.length === 0;
  }

  /** Takes what is to be sent now. */
  take(now: number): Pending[] {
    const taken = this.#pending;
    this.#pending = [];
    return taken.filter(({ sent }) => sent === undefined || now - sent < KNOWN);
  }

  /** Keeps what means the same when it comes late; false when something else is among it. */
  keep(pending: readonly Pending[]): boolean {
    const kept = pending.filter(({ change }) => canComeLate(change));
    this.#pending = this.#pending.concat(kept).slice(-MOST);
    return pending.every(({ change }) => canComeLate(change) || change.kind === "renew");
  }
}

/** A reset or an opened gate would undo what others did meanwhile; a heartbeat has no sense late. */
function canComeLate(change: Change): boolean {
  switch (change.kind) {
    case "settle":
    case "cancel":
    case "release":
      return true;
    case "gate":
      return change.until !== undefined;
    default:
      return false;
  }
}
