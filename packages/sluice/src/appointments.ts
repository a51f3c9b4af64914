/** Instants that single waiters wait for besides their turn: their deadlines, and booked ones. */

import { Heap } from "./heap.ts";
import type { Booking, Waiter } from "./queue.ts";

export class Appointments {
  readonly #deadlines = new Heap<Waiter>();
  readonly #booked = new Heap<Waiter>();

  /** The earliest of all. */
  get due(): number {
    return Math.min(this.#deadlines.least, this.#booked.least);
  }

  get nextDeadline(): number {
    return this.#deadlines.least;
  }

  get nextBooked(): number {
    return this.#booked.least;
  }

  /** `waiting` is how many wait in all: deadlines of those who were served are dropped in time. */
  setDeadline(waiter: Waiter, deadline: number, waiting: number): void {
    if (this.#deadlines.size > 2 * waiting + 64) this.#deadlines.prune((each) => !each.settled);
    this.#deadlines.push(deadline, waiter, waiter.order);
  }

  shiftDeadline(): Waiter | undefined {
    return this.#deadlines.pop();
  }

  book(waiter: Waiter, booking: Booking): void {
    waiter.extras ??= {};
    waiter.extras.booked = booking;
    this.#booked.push(booking.from, waiter, waiter.order);
  }

  /** The next one whose booking still stands: who was booked anew is in the heap twice. */
  shiftBooked(): Waiter | undefined {
    const due = this.#booked.least;
    const waiter = this.#booked.pop();
    return waiter?.extras?.booked?.from === due && !waiter.settled ? waiter : undefined;
  }

  /** Who waits for a booked instant. */
  booked(): Waiter[] {
    const booked = this.#booked
      .items()
      .filter((waiter) => !waiter.settled && waiter.extras?.booked);
    return Array.from(new Set(booked));
  }

  /** Takes the bookings of all who have one away. */
  clearBooked(): void {
    for (const waiter of this.booked()) delete waiter.extras!.booked;
    this.#booked.prune(() => false);
  }

  clear(): void {
    this.#deadlines.prune(() => false);
    this.#booked.prune(() => false);
  }
}
