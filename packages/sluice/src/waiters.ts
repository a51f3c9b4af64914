/**
 * Waiting, just in time: the head knows its instant, nothing is written; one timer wakes for the
 * earliest head of all keys, the clock is read again, and heads are committed until one does not
 * fit. Nothing polls: a held head wakes on the release.
 */

import { Alarm } from "./alarm.ts";
import { Appointments } from "./appointments.ts";
import type { Costs } from "./costs.ts";
import type { Desk } from "./desk.ts";
import { isHeld } from "./limits/limit.ts";
import type { Plan } from "./limits/plan.ts";
import { type Booking, costsOf, type KeyQueue, Waiter } from "./queue.ts";
import { Queues } from "./queues.ts";
import { Ready } from "./ready.ts";
import type { Answer } from "./stores/store.ts";

/** How long one release of waiters may keep the event loop: all of it count from its end. */
const SLICE_MICROS = 250;

export class Waiters {
  readonly #desk: Desk;
  readonly queues: Queues;
  readonly #ready: Ready;
  readonly #appointments = new Appointments();
  #size = 0;
  readonly #alarm: Alarm;
  #pumping = false;

  constructor(desk: Desk, ageing: number) {
    this.#desk = desk;
    this.queues = new Queues(ageing);
    this.#ready = new Ready(ageing);
    this.#alarm = new Alarm(desk.clock, () => desk.now(), this.pump);
  }

  get size(): number {
    return this.#size;
  }

  queue(key: string): KeyQueue | undefined {
    return this.queues.get(key);
  }

  first(key: string): Waiter | undefined {
    return this.queues.get(key)?.head(this.#desk.ageing) ?? this.queues.line.head;
  }

  /** Puts a newcomer at its place. `answer` is what it was told, if it was asked. */
  add(
    queue: { readonly key: string; readonly plan: Plan; readonly priority: number },
    costs: Costs,
    arrival: number,
    settle: Waiter["settle"],
    answer: Answer | undefined,
  ): Waiter {
    const own = this.queues.open(queue.key, queue.plan);
    const isFirst = own.size === 0;
    const level = own.level(queue.priority);
    const waiter = new Waiter(settle, costs, arrival, level);
    level.push(waiter);
    this.#size++;
    if (isFirst) {
      if (answer) this.#place(own, answer);
      else this.queues.line.join(own);
      this.#arm();
    } else if (own.head(this.#desk.ageing) === waiter) {
      // A new head wants something else, perhaps sooner.
      this.#wake(own);
      this.pump();
    }
    return waiter;
  }

  setDeadline(waiter: Waiter, deadline: number): void {
    this.#appointments.setDeadline(waiter, deadline, this.#size);
    this.#arm();
  }

  /** One that was aborted, expired or cancelled leaves; its promise is the caller's matter. */
  remove(waiter: Waiter): void {
    if (waiter.settled) return;
    const { queue } = waiter.level;
    const booked = waiter.extras?.booked !== undefined;
    const wasHead = !booked && queue.head(this.#desk.ageing) === waiter;
    this.#end(waiter);
    if (!booked) {
      waiter.level.leave(waiter);
      if (queue.size === 0) this.queues.dissolve(queue);
      // The next in the queue may want less than the one that left.
      else if (wasHead) this.#wake(queue);
    }
    this.pump();
  }

  undisturbed(act: () => void): void {
    const pumping = this.#pumping;
    this.#pumping = true;
    try {
      act();
    } finally {
      this.#pumping = pumping;
    }
  }

  /** Asks again for a key, or for all: something was freed, or the limits have changed. */
  wake(key?: string): void {
    if (this.#size === 0) return this.#arm();
    this.queues.line.wake();
    if (key === undefined) for (const queue of this.queues.all()) this.#wake(queue);
    else {
      const queue = this.queues.get(key);
      if (queue && queue.where !== "line") this.#wake(queue);
    }
    this.pump();
  }

  /** Among them are the oldest and the worst of all who wait. */
  ends(): Waiter[] {
    return this.booked().concat(...this.queues.all().map((queue) => queue.ends()));
  }

  /** All who wait for a key, or for any, in no certain order. */
  all(key: string | undefined): Waiter[] {
    const booked = this.booked();
    const of = (waiter: Waiter): boolean => key === undefined || waiter.level.queue.key === key;
    const queued = this.queues.all().map((queue) => queue.all(this.#desk.ageing));
    return booked.concat(...queued).filter(of);
  }

  take(key: string, plan: Plan): Waiter[] {
    return this.queues.take(key, plan);
  }

  book(waiter: Waiter, booking: Booking): void {
    this.#appointments.book(waiter, booking);
    this.#arm();
  }

  booked(): Waiter[] {
    return this.#appointments.booked();
  }

  /** Waiters who were taken out queue again, before those who came later. */
  requeue(waiters: readonly Waiter[]): void {
    for (const waiter of waiters) this.#appointments.unbook(waiter);
    this.queues.restore(waiters);
  }

  close(): void {
    this.#alarm.set(Number.POSITIVE_INFINITY);
  }

  /** Serves everybody whose time has come, in slices. */
  readonly pump = (): void => {
    if (this.#pumping) return;
    this.#pumping = true;
    let now = this.#desk.now();
    const end = now + SLICE_MICROS;
    try {
      while (now <= end && this.#size > 0 && this.#step(now)) now = this.#desk.now();
    } finally {
      this.#pumping = false;
      if (now > end && this.#size > 0) this.#alarm.set(0);
      else this.#arm();
    }
  };

  /** Serves one waiter, or finds out that a queue must wait on; false when nothing is due. */
  #step(now: number): boolean {
    const { breached } = this.#desk;
    const { nextDeadline, nextBooked } = this.#appointments;
    if (nextDeadline < now) return this.#expire();
    if (nextBooked <= now || (breached && nextBooked !== Infinity)) return this.#serveBooked();
    const ready = this.#ready.shift(now);
    if (ready) {
      if (breached || !this.queues.mustStand(ready)) return this.#serve(ready);
      this.queues.line.join(ready);
      return true;
    }
    if (this.queues.line.due <= now || breached) {
      const queue = this.queues.line.shift();
      if (queue) return this.#serve(queue);
    }
    // An instant at the end of the time-out is soon enough.
    return nextDeadline <= now && this.#expire();
  }

  /** Ends the wait with the earliest deadline. */
  #expire(): boolean {
    const waiter = this.#appointments.shiftDeadline();
    if (waiter && !waiter.settled) this.#desk.expire(waiter);
    return true;
  }

  #serve(queue: KeyQueue): boolean {
    const waiter = queue.head(this.#desk.ageing);
    if (!waiter) return true;
    if (this.#desk.breached) {
      this.#shift([waiter]);
      this.#desk.letThrough(waiter);
    } else if (!this.#ask(queue, waiter)) return true;
    // A listener may have reserved, and so booked all of them.
    if (queue.size > 0 && this.queues.get(queue.key) === queue) {
      if (!this.#desk.breached && this.queues.mustStand(queue)) this.queues.line.join(queue);
      else this.#wake(queue);
    }
    return true;
  }

  /** Asks for a head and those behind it: true when all of them have left, one way or the other. */
  #ask(queue: KeyQueue, head: Waiter): boolean {
    const waiters = queue.front(head);
    const { key, plan } = queue;
    let answer: Answer;
    try {
      answer = this.#desk.ask(key, plan, waiters.map(costsOf), head.arrival);
    } catch (error) {
      this.#shift([head]);
      this.#desk.fail(head, error);
      return true;
    }
    const { admitted } = answer;
    const all = admitted === waiters.length;
    queue.atOnce = all ? 2 * admitted : 1;
    // A listener may do anything while permits are handed out: it must not find them in the queue, and
    // new limits do not concern them.
    const instants = answer.instants.slice(0, admitted);
    const tickets = answer.tickets.slice(0, admitted);
    if (!all) this.#place(queue, answer);
    this.#shift(all ? waiters : waiters.slice(0, admitted));
    for (let i = 0; i < admitted; i++) {
      this.#desk.grant(waiters[i]!, plan, instants[i]!, tickets[i]!);
    }
    return all;
  }

  #serveBooked(): boolean {
    const waiter = this.#appointments.shiftBooked();
    if (!waiter) return true;
    const { at, ticket } = waiter.extras!.booked!;
    try {
      if (!this.#desk.honour(waiter)) return true;
    } catch (error) {
      this.#end(waiter);
      this.#desk.fail(waiter, error);
      return true;
    }
    this.#end(waiter);
    const { plan } = waiter.level.queue;
    if (this.#desk.breached) this.#desk.letThrough(waiter);
    else this.#desk.grant(waiter, plan, at, ticket, Math.min(at, this.#desk.now()));
    return true;
  }

  /** The head of a queue and those behind it leave, served. */
  #shift(waiters: readonly Waiter[]): void {
    if (waiters.length === 0) return;
    const { level } = waiters[0]!;
    level.shift(waiters);
    for (const waiter of waiters) this.#end(waiter);
    if (level.queue.size === 0) this.queues.dissolve(level.queue);
  }

  #end(waiter: Waiter): void {
    waiter.settled = true;
    if (waiter.extras) {
      waiter.extras.detach?.();
      this.#appointments.unbook(waiter);
    }
    if (--this.#size > 0) return;
    this.#appointments.clear();
  }

  /** Sends a refused queue to where it waits. */
  #place(queue: KeyQueue, { now, until, ownUntil }: Answer): void {
    this.queues.line.leave(queue);
    const stands = this.queues.standsInLine(queue);
    if (isHeld(ownUntil)) queue.where = "held";
    else if (!stands || ownUntil > now) {
      this.#ready.add(queue, stands ? ownUntil : until, this.queues.size);
    } else {
      this.queues.line.join(queue);
      this.queues.line.wait(isHeld(until) ? Number.POSITIVE_INFINITY : until);
    }
  }

  #wake(queue: KeyQueue): void {
    if (!queue.head(this.#desk.ageing)) return;
    this.queues.line.leave(queue);
    this.#ready.addNow(queue);
  }

  #arm(): void {
    if (this.#pumping) return;
    const due = Math.min(this.#ready.least, this.queues.line.due, this.#appointments.due);
    this.#alarm.set(this.#size === 0 ? Number.POSITIVE_INFINITY : due);
  }
}
