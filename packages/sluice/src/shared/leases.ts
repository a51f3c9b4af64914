/** The slots that this process holds in a shared store: renewed while their holders live. */

import type { Clock } from "../clock.ts";
import { DEFAULT_LEASE } from "../limits/limit.ts";
import type { Plan } from "../limits/plan.ts";
import type { Change } from "../stores/store.ts";

/** Renewals in the time of a lease: one may get lost. */
const RENEWALS = 3;

interface Held {
  readonly key: string;
  readonly plan: Plan;
  readonly ticket: number;
  readonly controller: AbortController;
}

export class Leases {
  readonly #clock: Clock;
  readonly #renew: (changes: readonly Change[]) => void;
  readonly #held = new Map<number, Held>();
  #cancel: (() => void) | undefined;
  #every = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, renew: (changes: readonly Change[]) => void) {
    this.#clock = clock;
    this.#renew = renew;
  }

  hold(key: string, plan: Plan, ticket: number): void {
    this.#held.set(ticket, { key, plan, ticket, controller: new AbortController() });
    const every = leaseOf(plan) / RENEWALS / 1e3;
    if (every >= this.#every && this.#cancel) return;
    this.#every = every;
    this.#cancel?.();
    this.#cancel = this.#clock.setTimer(every, this.#beat, true);
  }

  drop(ticket: number): void {
    this.#held.delete(ticket);
    if (this.#held.size === 0) this.close();
  }

  /** Aborts when the lease was lost. */
  signal(ticket: number): AbortSignal | undefined {
    return this.#held.get(ticket)?.controller.signal;
  }

  /** The store gave these slots to others. */
  lost(tickets: readonly number[]): void {
    for (const ticket of tickets) {
      this.#held.get(ticket)?.controller.abort(new Error("the lease of this slot was lost"));
      this.drop(ticket);
    }
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#every = Number.POSITIVE_INFINITY;
  }

  readonly #beat = (): void => {
    this.#cancel = this.#clock.setTimer(this.#every, this.#beat, true);
    this.#renew(
      Array.from(this.#held.values(), ({ key, plan, ticket }) => ({
        kind: "renew" as const,
        key,
        plan,
        ticket,
      })),
    );
  };
}

/** The shortest lease of a plan's slots, in microseconds. */
function leaseOf({ rules }: Plan): number {
  const leases = rules.map(({ limit }) =>
    limit.kind === "concurrency" ? limit.lease || DEFAULT_LEASE : Number.POSITIVE_INFINITY,
  );
  return Math.min(...leases);
}
