/**
 * Waiting, just in time: the head knows its instant, nothing is written; one timer wakes for the
 * earliest head of all keys, the clock is read again, and heads are committed until one does not
 * fit. Nothing polls: a held head wakes on the release.
 */

import type { Clock } from "./clock.ts";
import type { Costs } from "./costs.ts";
import { Heap } from "./heap.ts";
import { isHeld } from "./limits/limit.ts";
import type { Plan } from "./limits/plan.ts";
import { KeyQueue, rankOf, Waiter } from "./queue.ts";
import type { Answer } from "./stores/store.ts";

/** How long one release of waiters may keep the event loop. */
const SLICE_MICROS = 5_000;
/** Releases between two looks at the clock. */
const STRIDE = 64;

/** What the queues need of the limiter. */
export interface Desk {
  readonly clock: Clock;
  /** Microseconds that a step of priority is worth. */
  readonly ageing: number;
  now(): number;
  /** Asks for the head's costs, now or never. */
  ask(key: string, plan: Plan, costs: Costs, since: number): Answer;
  /** Hands the permit out. */
  grant(waiter: Waiter, at: number, ticket: number): void;
  /** A waiter that the store could not serve. */
  fail(waiter: Waiter, error: unknown): void;
  /** A waiter whose deadline came. */
  expire(waiter: Waiter): void;
  /** A waiter whose booked instant came: true when it may go, false when it must be booked anew. */
  honour(waiter: Waiter): boolean;
  /** Whether everything is let through. */
  readonly breached: boolean;
  letThrough(waiter: Waiter): void;
}

export class Waiters {
  readonly #desk: Desk;
  readonly #queues = new Map<string, KeyQueue>();
  /** Queues that wait for an instant of their own limits. */
  readonly #ready = new Heap<KeyQueue>();
  /** Queues that only the whole limiter holds back, first come, first served over keys. */
  readonly #line = new Heap<KeyQueue>();
  #lineSize = 0;
  #lineDue = 0;
  readonly #deadlines = new Heap<Waiter>();
  readonly #booked = new Heap<Waiter>();
  #size = 0;
  #timer: (() => void) | undefined;
  #timerDue = Number.POSITIVE_INFINITY;
  #pumping = false;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  /** How many wait. */
  get size(): number {
    return this.#size;
  }

  /** Whether somebody stands before a newcomer with this key. */
  blocks(key: string, plan: Plan): boolean {
    return this.#queues.has(key) || (plan.hasShared && this.#lineSize > 0);
  }

  queue(key: string): KeyQueue | undefined {
    return this.#queues.get(key);
  }

  queues(): IterableIterator<KeyQueue> {
    return this.#queues.values();
  }

  /** Puts a newcomer at its place. `answer` is what it was told, if it was asked. */
  add(
    key: string,
    plan: Plan,
    costs: Costs,
    arrival: number,
    priority: number,
    settle: (outcome: never) => void,
    answer: Answer | undefined,
  ): Waiter {
    let queue = this.#queues.get(key);
    const fresh = queue === undefined;
    if (!queue) {
      queue = new KeyQueue(key, plan);
      this.#queues.set(key, queue);
    }
    const level = queue.level(priority);
    const waiter = new Waiter(settle as Waiter["settle"], costs, arrival, level);
    const head = fresh || priority === 0 ? undefined : queue.head(this.#desk.ageing);
    level.push(waiter);
    this.#size++;
    if (fresh) {
      if (answer) this.#place(queue, answer);
      else this.#stand(queue);
      this.#arm();
    } else if (head && rankOf(waiter, this.#desk.ageing) < rankOf(head, this.#desk.ageing)) {
      // A new head wants something else, perhaps sooner.
      this.#wake(queue);
      this.pump();
    }
    return waiter;
  }

  setDeadline(waiter: Waiter, deadline: number): void {
    this.#deadlines.push(deadline, waiter);
    this.#arm();
  }

  /** A waiter that was aborted, expired or cancelled leaves; its promise is the caller's matter. */
  remove(waiter: Waiter): void {
    if (waiter.settled) return;
    const { queue } = waiter.level;
    const booked = waiter.extras?.booked !== undefined;
    const wasHead = !booked && queue.head(this.#desk.ageing) === waiter;
    waiter.settled = true;
    this.#size--;
    waiter.extras?.detach?.();
    if (!booked) {
      waiter.level.leave(waiter);
      if (queue.size === 0) this.#dissolve(queue);
      else if (wasHead) {
        // The next in the queue may want less than the one that left.
        this.#wake(queue);
        this.pump();
      }
    }
    if (this.#size === 0) this.#disarm();
  }

  /** Asks again for a key, or for all: something was freed, or the limits have changed. */
  wake(key?: string): void {
    if (this.#size === 0) return;
    if (key === undefined) for (const queue of this.#queues.values()) this.#wake(queue);
    else {
      const queue = this.#queues.get(key);
      if (queue && queue.where !== "line") this.#wake(queue);
      this.#lineDue = 0;
    }
    this.pump();
  }

  /** All who wait for a key, or for any. */
  all(key: string | undefined): Waiter[] {
    const booked = this.#booked.items().filter((waiter) => !waiter.settled);
    const of = (waiter: Waiter): boolean => key === undefined || waiter.level.queue.key === key;
    const queued = Array.from(this.#queues.values(), (queue) => queue.all(this.#desk.ageing));
    return booked.concat(...queued).filter(of);
  }

  /** Takes the waiters of a key out of its queue, in order, to be booked. */
  take(key: string): Waiter[] {
    const queue = this.#queues.get(key);
    if (!queue) return [];
    const all = queue.all(this.#desk.ageing);
    this.#dissolve(queue);
    return all;
  }

  /** Waits for a booked instant. */
  book(waiter: Waiter, at: number, ticket: number): void {
    waiter.extras ??= {};
    waiter.extras.booked = { at, ticket };
    this.#booked.push(at, waiter);
    this.#arm();
  }

  /** Ends all timers; whoever waits is the caller's matter. */
  close(): void {
    this.#disarm();
  }

  /** Serves everybody whose time has come, in slices. */
  readonly pump = (): void => {
    if (this.#pumping) return;
    this.#pumping = true;
    const { clock } = this.#desk;
    const started = clock.now();
    let served = 0;
    while (this.#size > 0 && this.#step(this.#desk.now())) {
      if (++served % STRIDE === 0 && clock.now() - started > SLICE_MICROS) {
        this.#disarm();
        this.#timerDue = 0;
        this.#timer = clock.setTimer(0, this.#onTimer);
        this.#pumping = false;
        return;
      }
    }
    this.#pumping = false;
    this.#arm();
  };

  /** Serves one waiter, or finds out that a queue must wait on; false when nothing is due. */
  #step(now: number): boolean {
    while (this.#deadlines.least <= now) {
      const waiter = this.#deadlines.pop()!;
      if (!waiter.settled) {
        this.#desk.expire(waiter);
        return true;
      }
    }
    if (this.#booked.least <= now) return this.#serveBooked();
    while (this.#ready.least <= now) {
      const due = this.#ready.least;
      const queue = this.#ready.pop()!;
      if (queue.where !== "ready" || queue.due !== due || queue.size === 0) continue;
      if (!this.#mustStand(queue)) return this.#serve(queue);
      this.#stand(queue);
      return true;
    }
    if (this.#lineDue <= now) {
      while (this.#line.size > 0) {
        const rank = this.#line.least;
        const queue = this.#line.pop()!;
        if (queue.where !== "line" || queue.due !== rank || queue.size === 0) continue;
        this.#leaveLine(queue);
        return this.#serve(queue);
      }
    }
    return false;
  }

  /** Whether somebody with a smaller rank waits for the same limits of the whole limiter. */
  #mustStand(queue: KeyQueue): boolean {
    if (!queue.plan.hasShared || this.#lineSize === 0 || this.#desk.breached) return false;
    return rankOf(queue.head(this.#desk.ageing)!, this.#desk.ageing) > this.#line.least;
  }

  #serve(queue: KeyQueue): boolean {
    const waiter = queue.head(this.#desk.ageing);
    if (!waiter) return true;
    if (this.#desk.breached) {
      this.#shift(waiter);
      this.#desk.letThrough(waiter);
    } else if (!this.#ask(queue, waiter)) return true;
    if (queue.size > 0) {
      if (this.#lineSize > 0 && !this.#desk.breached) this.#stand(queue);
      else this.#wake(queue);
    }
    return true;
  }

  /** Asks for a head: true when it has left, one way or the other. */
  #ask(queue: KeyQueue, waiter: Waiter): boolean {
    let answer: Answer;
    try {
      answer = this.#desk.ask(queue.key, queue.plan, waiter.costs, waiter.arrival);
    } catch (error) {
      this.#shift(waiter);
      this.#desk.fail(waiter, error);
      return true;
    }
    if (answer.admitted > 0) {
      const [at, ticket] = [answer.instants[0]!, answer.tickets[0]!];
      this.#shift(waiter);
      this.#desk.grant(waiter, at, ticket);
      return true;
    }
    this.#place(queue, answer);
    return false;
  }

  #serveBooked(): boolean {
    const waiter = this.#booked.pop()!;
    const { booked } = waiter.extras!;
    if (waiter.settled || !booked || !this.#desk.honour(waiter)) return true;
    waiter.settled = true;
    this.#size--;
    waiter.extras?.detach?.();
    this.#desk.grant(waiter, booked.at, booked.ticket);
    return true;
  }

  /** The head leaves its queue, served. */
  #shift(waiter: Waiter): void {
    const { level } = waiter;
    level.shift();
    waiter.settled = true;
    waiter.extras?.detach?.();
    this.#size--;
    if (level.queue.size === 0) this.#dissolve(level.queue);
  }

  /** Sends a refused queue to where it waits. */
  #place(queue: KeyQueue, { now, until, ownUntil }: Answer): void {
    this.#leaveLine(queue);
    if (isHeld(ownUntil)) {
      queue.where = "held";
      queue.due = Number.POSITIVE_INFINITY;
    } else if (ownUntil > now) {
      queue.where = "ready";
      queue.due = ownUntil;
      this.#ready.push(ownUntil, queue);
    } else {
      this.#stand(queue);
      this.#lineDue = isHeld(until) ? Number.POSITIVE_INFINITY : until;
    }
  }

  /** Puts a queue into the line. */
  #stand(queue: KeyQueue): void {
    this.#leaveLine(queue);
    const waiter = queue.head(this.#desk.ageing)!;
    queue.where = "line";
    queue.due = rankOf(waiter, this.#desk.ageing);
    // A smaller rank than the line's head is asked before it.
    if (queue.due < this.#line.least) this.#lineDue = 0;
    this.#line.push(queue.due, queue);
    this.#lineSize++;
  }

  #leaveLine(queue: KeyQueue): void {
    if (queue.where === "line" && queue.due !== Number.POSITIVE_INFINITY) this.#lineSize--;
    queue.where = "ready";
    queue.due = Number.POSITIVE_INFINITY;
  }

  #wake(queue: KeyQueue): void {
    const head = queue.head(this.#desk.ageing);
    if (!head) return;
    this.#leaveLine(queue);
    // By rank, so that those who are due together go in the order of their ranks.
    queue.due = Math.min(rankOf(head, this.#desk.ageing), head.arrival);
    this.#ready.push(queue.due, queue);
  }

  #dissolve(queue: KeyQueue): void {
    this.#leaveLine(queue);
    queue.where = "held";
    this.#queues.delete(queue.key);
    // Whoever stands behind it in the line is asked now.
    this.#lineDue = 0;
    if (!this.#pumping && this.#lineSize > 0) this.#arm();
  }

  #arm(): void {
    if (this.#pumping) return;
    const line = this.#lineSize > 0 ? this.#lineDue : Number.POSITIVE_INFINITY;
    const due = Math.min(this.#ready.least, line, this.#deadlines.least, this.#booked.least);
    if (this.#size === 0 || due === Number.POSITIVE_INFINITY) return this.#disarm();
    if (this.#timer && due === this.#timerDue) return;
    this.#disarm();
    this.#timerDue = due;
    const wait = (due - this.#desk.now()) / 1e3;
    // Timers cut fractions off and may be early; the clock is looked at again on waking.
    this.#timer = this.#desk.clock.setTimer(wait <= 0 ? 0 : Math.max(1, wait), this.#onTimer);
  }

  #disarm(): void {
    this.#timer?.();
    this.#timer = undefined;
    this.#timerDue = Number.POSITIVE_INFINITY;
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    this.#timerDue = Number.POSITIVE_INFINITY;
    this.pump();
  };
}
