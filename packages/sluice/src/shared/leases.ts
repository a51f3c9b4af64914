/** The slots that this process holds in a shared store: renewed while their holders live. */

import type { Clock } from "../clock.ts";
import type { Costs } from "../costs.ts";
import { DEFAULT_LEASE } from "../limits/limit.ts";
import type { Plan } from "../limits/plan.ts";
import type { Change } from "../stores/store.ts";
import type { LeasedGrant } from "./leased-grant.ts";

/** Renewals in the time of a lease: one may get lost. */
const RENEWALS = 3;

type Renewal = Extract<Change, { kind: "renew" }>;

/** Renews tickets of one key; tells those whose lease had ended. */
type Renew = (changes: readonly Change[]) => Promise<readonly number[]>;

export class Leases {
  readonly #clock: Clock;
  readonly #renew: Renew;
  /** By key, for a ticket is a number of its key, and then by ticket. */
  readonly #held = new Map<string, Map<number, LeasedGrant>>();
  #cancel: (() => void) | undefined;
  #every = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, renew: Renew) {
    this.#clock = clock;
    this.#renew = renew;
  }

  hold(grant: LeasedGrant): void {
    const { key, plan, ticket } = grant;
    let own = this.#held.get(key);
    if (!own) this.#held.set(key, (own = new Map()));
    own.set(ticket, grant);
    const every = leaseOf(plan) / RENEWALS / 1e3;
    if (every >= this.#every && this.#cancel) return;
    this.#every = every;
    this.#cancel?.();
    this.#cancel = this.#clock.setTimer(every, this.#beat, true);
  }

  /** It holds no more than this from now on. */
  settle(key: string, ticket: number, held: Costs): void {
    const grant = this.#held.get(key)?.get(ticket);
    if (grant) grant.held = held;
  }

  drop(key: string, ticket: number): void {
    const own = this.#held.get(key);
    if (!own?.delete(ticket) || own.size > 0) return;
    this.#held.delete(key);
    if (this.#held.size === 0) this.close();
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#every = Number.POSITIVE_INFINITY;
  }

  readonly #beat = (): void => {
    this.#cancel = this.#clock.setTimer(this.#every, this.#beat, true);
    for (const [key, own] of this.#held) {
      const renewals = Array.from(own, ([ticket, { plan, held }]) => {
        return { kind: "renew" as const, key, plan, ticket, held };
      });
      // One that fails is not told: the next one comes before the lease ends.
      this.#renew(renewals).then(
        (lost) => this.#lose(key, renewals, lost),
        () => undefined,
      );
    }
  };

  /** The store gave these slots to others. */
  #lose(key: string, renewals: readonly Renewal[], lost: readonly number[]): void {
    for (const { ticket, held } of renewals) {
      const grant = this.#held.get(key)?.get(ticket);
      // What was settled meanwhile may be what is missing: the next renewal tells.
      if (!lost.includes(ticket) || grant?.held !== held) continue;
      this.drop(key, ticket);
      grant?.lose();
    }
  }
}

/** The shortest lease of a plan's slots, in microseconds. */
function leaseOf({ rules }: Plan): number {
  const leases = rules.map(({ limit }) =>
    limit.kind === "concurrency" ? limit.lease || DEFAULT_LEASE : Number.POSITIVE_INFINITY,
  );
  return Math.min(...leases);
}
