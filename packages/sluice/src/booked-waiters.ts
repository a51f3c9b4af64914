/** Waiters who were booked an instant ahead, because somebody reserved after them. */

import type { Admissions } from "./admissions.ts";
import type { Clock } from "./clock.ts";
import { noCosts, sameCosts } from "./costs.ts";
import { NEVER } from "./limits/limit.ts";
import type { Plan } from "./limits/plan.ts";
import type { Waiter } from "./queue.ts";
import { askFor } from "./stores/store.ts";
import type { Waiters } from "./waiters.ts";

/** How late a booked waiter may wake; later, it gives its instant up and is booked anew. */
const GRACE = 20_000;

export class BookedWaiters {
  readonly #waiters: Waiters;
  readonly #clock: Clock;
  readonly #admissions: () => Admissions;

  constructor(waiters: Waiters, clock: Clock, admissions: () => Admissions) {
    this.#waiters = waiters;
    this.#clock = clock;
    this.#admissions = admissions;
  }

  /**
   * Books those who wait before a newcomer, in order, so that its reservation comes after them. Where
   * the store fails, it is the newcomer who is told, and they wait on.
   */
  bookBefore(key: string, plan: Plan): void {
    const waiters = this.#waiters.take(key, plan);
    let booked = 0;
    try {
      for (; booked < waiters.length; booked++) this.#book(waiters[booked]!);
    } finally {
      if (booked < waiters.length) {
        this.#waiters.requeue(waiters.slice(booked));
        this.#waiters.wake();
      }
    }
  }

  /** A waiter whose instant came: true when it may go, false when it was booked anew. */
  honour(waiter: Waiter): boolean {
    const { key, plan } = waiter.level.queue;
    const { breached, ledger } = this.#admissions();
    if (breached) {
      this.giveBack(waiter);
      return true;
    }
    const free = noCosts(plan);
    const gate = ledger.peek(askFor(key, plan, [free]), undefined);
    const { at, ticket } = waiter.extras!.booked!;
    if (gate.until <= gate.now && gate.now <= at) {
      ledger.amend([{ kind: "resume", key, plan, ticket, at, taken: waiter.costs }]);
      return true;
    }
    this.giveBack(waiter);
    this.#book(waiter);
    return false;
  }

  /** Returns a booked instant, which may have come. */
  giveBack(waiter: Waiter): void {
    const { key, plan } = waiter.level.queue;
    const { at, ticket } = waiter.extras!.booked!;
    const actual = noCosts(plan);
    const change = { kind: "cancel" as const, key, plan, ticket, at, taken: waiter.costs, actual };
    this.#admissions().ledger.amend([change]);
  }

  /** All of them queue again, before the limits change. */
  giveAllBack(): void {
    const booked = this.#waiters.booked();
    for (const waiter of booked.sort((a, b) => b.order - a.order)) this.giveBack(waiter);
    this.#waiters.requeue(booked);
  }

  /** Whoever is booked after one that leaves moves up into its instant; the last one is given back. */
  moveUp(leaving: Waiter): void {
    const { key } = leaving.level.queue;
    const same = this.#waiters
      .booked()
      .filter(
        (waiter) =>
          waiter.level.queue.key === key &&
          waiter.extras!.booked!.at >= leaving.extras!.booked!.at &&
          sameCosts(waiter.costs, leaving.costs),
      )
      .sort((a, b) => a.extras!.booked!.at - b.extras!.booked!.at || a.order - b.order);
    let free = leaving.extras!.booked!;
    for (const waiter of same) {
      if (waiter === leaving) continue;
      const own = waiter.extras!.booked!;
      this.#waiters.book(waiter, free);
      free = own;
    }
    leaving.extras!.booked = free;
    this.giveBack(leaving);
  }

  #book(waiter: Waiter): void {
    const { key, plan } = waiter.level.queue;
    // Timers come late; a clock that moves by hand does not.
    const grace = this.#clock.exact ? 0 : GRACE;
    const ask = { ...askFor(key, plan, [waiter.costs], NEVER), grace };
    const answer = this.#admissions().ledger.reserve(ask);
    const from = answer.instants[0]!;
    this.#waiters.book(waiter, { from, at: from + grace, ticket: answer.tickets[0]! });
  }
}
