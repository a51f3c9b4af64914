/** Instants that single waiters wait for besides their turn: their deadlines, and booked ones. */

import { Heap } from "./heap.ts";
import type { Booking, Waiter } from "./queue.ts";

export class Appointments {
  readonly #deadlines = new Heap<Waiter>();
  readonly #instants = new Heap<Waiter>();
  readonly #booked = new Set<Waiter>();

  /** The earliest of all. */
  get due(): number {
    return Math.min(this.#deadlines.least, this.#instants.least);
  }

  get nextDeadline(): number {
    return this.#deadlines.least;
  }

  get nextBooked(): number {
    return this.#instants.least;
  }

  /** `waiting` is how many wait in all: deadlines of those who were served are dropped in time. */
  setDeadline(waiter: Waiter, deadline: number, waiting: number): void {
    if (this.#deadlines.isOvergrown(waiting)) this.#deadlines.prune((each) => !each.settled);
    this.#deadlines.push(deadline, waiter, waiter.order);
  }

  shiftDeadline(): Waiter | undefined {
    return this.#deadlines.pop();
  }

  book(waiter: Waiter, booking: Booking): void {
    waiter.extras ??= {};
    waiter.extras.booked = booking;
    this.#booked.add(waiter);
    if (this.#instants.isOvergrown(this.#booked.size)) this.#instants.prune(isBooked);
    this.#instants.push(booking.from, waiter, waiter.order);
  }

  /** The next one whose booking still stands: who was booked anew is in the heap twice. */
  shiftBooked(): Waiter | undefined {
    const from = this.#instants.least;
    const waiter = this.#instants.pop();
    return waiter && isBooked(waiter, from) ? waiter : undefined;
  }

  /** Takes the booking away, if there is one. */
  unbook(waiter: Waiter): void {
    if (this.#booked.delete(waiter)) delete waiter.extras!.booked;
  }

  /** Who waits for a booked instant. */
  booked(): Waiter[] {
    return Array.from(this.#booked);
  }

  clear(): void {
    this.#deadlines.prune(() => false);
    this.#instants.prune(() => false);
  }
}

function isBooked(waiter: Waiter, from: number): boolean {
  return waiter.extras?.booked?.from === from;
}
