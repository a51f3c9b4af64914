/**
 * Changes on their way to a shared store: those of one turn go in one call, and a call that failed is
 * made again, since every change is idempotent. So a settlement travels with its release.
 */

import type { Clock } from "../clock.ts";
import type { Change, Ledger } from "../stores/store.ts";
import { RETRY_PAUSES } from "./retry-pauses.ts";

const SENT: Promise<void> = Promise.resolve();

export class Outbox {
  readonly #ledger: Ledger<boolean>;
  readonly #clock: Clock;
  #waiting: Change[] = [];
  /** The call that is about to be made with what waits. */
  #next: Promise<void> | undefined;
  readonly #underway = new Set<Promise<void>>();

  constructor(ledger: Ledger<boolean>, clock: Clock) {
    this.#ledger = ledger;
    this.#clock = clock;
  }

  /** Resolves when the store has the changes; a synchronous store has them at once. */
  send(changes: readonly Change[]): Promise<void> {
    this.#waiting.push(...changes);
    if (this.#ledger.sync && this.#next === undefined && this.#sendNow()) return SENT;
    this.#next ??= this.#soon();
    return this.#next;
  }

  /** Resolves when nothing is under way any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#underway);
  }

  #soon(): Promise<void> {
    const call = Promise.resolve().then(() => this.#sendAll());
    this.#underway.add(call);
    // Whoever does not wait for it is not to crash for it either.
    call.catch(() => undefined).finally(() => this.#underway.delete(call));
    return call;
  }

  /** False when the store was busy; what else fails is thrown. */
  #sendNow(): boolean {
    try {
      (this.#ledger as Ledger<true>).amend(this.#waiting);
      this.#waiting = [];
      return true;
    } catch {
      return false;
    }
  }

  async #sendAll(): Promise<void> {
    const changes = this.#waiting;
    this.#waiting = [];
    this.#next = undefined;
    for (const pause of [...RETRY_PAUSES, undefined]) {
      try {
        await this.#ledger.amend(changes);
        return;
      } catch (error) {
        if (pause === undefined) throw error;
        await new Promise<void>((resolve) => void this.#clock.setTimer(pause, resolve));
      }
    }
  }
}
