/**
 * Who was granted an instant goes on some microtasks later, or much later where the code of others
 * keeps the thread, or the system stops the process. What ran beyond its grace counts twice: at its
 * instant, and again at the earliest that is free. What this process had booked by then no longer
 * keeps its distance from it, so that goes back first.
 */

import type { Clock } from "../clock.ts";
import type { Costs } from "../costs.ts";
import type { Plan } from "../limits/plan.ts";
import { askFor, type Ledger } from "../stores/store.ts";
import type { Booking } from "./booking.ts";
import { RETRY_PAUSES } from "./retry-pauses.ts";

/** How far ahead what ran late is charged, in microseconds. */
const AHEAD = 3600e6;
/** Costs in one call. */
const MOST = 1000;

/** Calls back what is booked of a key while `charge` is under way, and nobody asks meanwhile. */
export type Recall = (key: string, plan: Plan, charge: () => Promise<void>) => void;

export class Lateness {
  readonly #clock: Clock;
  readonly #ledger: Ledger<boolean>;
  readonly #recall: Recall;
  /** Granted in this turn of the event loop, by key. */
  readonly #granted = new Map<string, Booking[]>();
  /** None of them is late before this. */
  #until = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, ledger: Ledger<boolean>, recall: Recall) {
    this.#clock = clock;
    this.#ledger = ledger;
    this.#recall = recall;
  }

  /** The caller goes on after this. */
  note(key: string, booking: Booking): void {
    if (this.#granted.size === 0) this.#clock.setTimer(0, this.#endTurn, true);
    const granted = this.#granted.get(key);
    if (granted) granted.push(booking);
    else this.#granted.set(key, [booking]);
    this.#until = Math.min(this.#until, booking.until);
  }

  /** Before anything more is granted or asked for: who may run late by now counts once more. */
  check(): void {
    const now = this.#clock.now();
    if (now <= this.#until) return;
    this.#until = Number.POSITIVE_INFINITY;
    for (const [key, bookings] of this.#granted) {
      const late = bookings.filter(({ until }) => until < now);
      const rest = bookings.filter(({ until }) => until >= now);
      this.#granted.set(key, rest);
      for (const { until } of rest) this.#until = Math.min(this.#until, until);
      if (late.length > 0) this.#recall(key, late[0]!.plan, () => this.#charge(key, late));
    }
  }

  readonly #endTurn = (): void => {
    this.check();
    this.#granted.clear();
    this.#until = Number.POSITIVE_INFINITY;
  };

  async #charge(key: string, late: readonly Booking[]): Promise<void> {
    let failures = 0;
    for (let charged = 0; charged < late.length;) {
      const { plan } = late[charged]!;
      const rest = late.slice(charged, charged + MOST);
      const others = rest.findIndex((each) => each.plan !== plan);
      const costs = (others < 0 ? rest : rest.slice(0, others)).map((each) => ratesOf(each));
      const ask = askFor(key, plan, costs, AHEAD);
      try {
        const { admitted } = await this.#ledger.reserve(ask);
        if (admitted === 0) return;
        charged += admitted;
      } catch {
        // What has failed for good is reported by the calls that somebody waits for.
        const pause = RETRY_PAUSES[failures++];
        if (pause === undefined) return;
        await new Promise<void>((resolve) => void this.#clock.setTimer(pause, resolve));
      }
    }
  }
}

/** Slots are held anyway. */
function ratesOf({ plan, costs }: Booking): Costs {
  return costs.map((units, i) => (plan.rules[i]!.kind === "concurrency" ? 0 : units));
}
