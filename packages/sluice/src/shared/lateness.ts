/**
 * Who was granted an instant goes on some microtasks later, or much later where the code of others
 * keeps the thread, or the system stops the process. What ran beyond its grace counts twice: at its
 * instant, and again at the earliest that is free, so that what follows keeps its distance from it.
 */

import type { Clock } from "../clock.ts";
import type { Ledger } from "../stores/store.ts";
import type { Booking } from "./booking.ts";

/** How far ahead what ran late is charged, in microseconds. */
const AHEAD = 3600e6;

export class Lateness {
  readonly #clock: Clock;
  readonly #ledger: Ledger<boolean>;
  /** Granted in this turn of the event loop, by key. */
  #granted: { readonly key: string; readonly booking: Booking }[] = [];

  constructor(clock: Clock, ledger: Ledger<boolean>) {
    this.#clock = clock;
    this.#ledger = ledger;
  }

  /** The caller goes on after this. */
  note(key: string, booking: Booking): void {
    if (this.#granted.push({ key, booking }) === 1) this.#clock.setTimer(0, this.#check, true);
  }

  readonly #check = (): void => {
    const now = this.#clock.now();
    const late = this.#granted.filter(({ booking }) => booking.until < now);
    this.#granted = [];
    for (const { key, booking } of late) void this.#charge(key, booking);
  };

  async #charge(key: string, { plan, costs }: Booking): Promise<void> {
    // Slots are held anyway.
    const rates = costs.map((units, i) => (plan.rules[i]!.kind === "concurrency" ? 0 : units));
    const ask = { key, plan, costs: [rates], maxWait: AHEAD, since: undefined, deferred: false };
    try {
      await this.#ledger.reserve(ask);
    } catch {
      // A store that has failed is reported by the calls that somebody waits for.
    }
  }
}
