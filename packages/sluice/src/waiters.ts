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
import { Line } from "./line.ts";
import { compareRanks, KeyQueue, rankOf, Waiter } from "./queue.ts";
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
  /** Whether everything is let through. */
  readonly breached: boolean;
  now(): number;
  /** Asks for the head's costs, now or never. */
  ask(key: string, plan: Plan, costs: Costs, since: number): Answer;
  /** Hands the permit out. */
  grant(waiter: Waiter, at: number, ticket: number): void;
  letThrough(waiter: Waiter): void;
  /** A waiter that the store could not serve. */
  fail(waiter: Waiter, error: unknown): void;
  /** A waiter whose deadline came. */
  expire(waiter: Waiter): void;
  /** A waiter whose booked instant came: true when it may go, false when it was booked anew. */
  honour(waiter: Waiter): boolean;
}

export class Waiters {
  readonly #desk: Desk;
  readonly #queues = new Map<string, KeyQueue>();
  /** Queues that wait for an instant of their own limits. */
  readonly #ready = new Heap<KeyQueue>();
  readonly #line: Line;
  readonly #deadlines = new Heap<Waiter>();
  readonly #booked = new Heap<Waiter>();
  #size = 0;
  #timer: (() => void) | undefined;
  #timerDue = Number.POSITIVE_INFINITY;
  #pumping = false;

  constructor(desk: Desk, ageing: number) {
    this.#desk = desk;
    this.#line = new Line(ageing);
  }

  /** How many wait. */
  get size(): number {
    return this.#size;
  }

  /** Whether somebody stands before a newcomer with this key and these costs. */
  blocks(key: string, plan: Plan, costs: Costs): boolean {
    if (this.#queues.has(key)) return true;
    return (
      plan.hasShared &&
      this.#line.size > 0 &&
      plan.rules.some((rule, i) => rule.shared && costs[i]! > 0)
    );
  }

  queue(key: string): KeyQueue | undefined {
    return this.#queues.get(key);
  }

  queues(): KeyQueue[] {
    return Array.from(this.#queues.values());
  }

  /** Puts a newcomer at its place. `answer` is what it was told, if it was asked. */
  add(
    queue: { readonly key: string; readonly plan: Plan; readonly priority: number },
    costs: Costs,
    arrival: number,
    settle: Waiter["settle"],
    answer: Answer | undefined,
  ): Waiter {
    const own = this.#open(queue.key, queue.plan);
    const head = own.size === 0 ? undefined : own.head(this.#desk.ageing);
    const level = own.level(queue.priority);
    const waiter = new Waiter(settle, costs, arrival, level);
    level.push(waiter);
    this.#size++;
    if (!head) {
      if (answer) this.#place(own, answer);
      else this.#line.join(own);
      this.#arm();
    } else if (compareRanks(waiter, head, this.#desk.ageing) < 0) {
      // A new head wants something else, perhaps sooner.
      this.#wake(own);
      this.pump();
    }
    return waiter;
  }

  setDeadline(waiter: Waiter, deadline: number): void {
    if (this.#deadlines.size > 2 * this.#size + 64) this.#deadlines.prune((each) => !each.settled);
    this.#deadlines.push(deadline, waiter, waiter.order);
    this.#arm();
  }

  /** A waiter that was aborted, expired or cancelled leaves; its promise is the caller's matter. */
  remove(waiter: Waiter): void {
    if (waiter.settled) return;
    const { queue } = waiter.level;
    const booked = waiter.extras?.booked !== undefined;
    const wasHead = !booked && queue.head(this.#desk.ageing) === waiter;
    this.#end(waiter);
    if (!booked) {
      waiter.level.leave(waiter);
      if (queue.size === 0) this.#dissolve(queue);
      // The next in the queue may want less than the one that left.
      else if (wasHead) this.#wake(queue);
    }
    this.pump();
  }

  /** Does several things before anybody is served. */
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
    if (this.#size === 0) return;
    this.#line.wake();
    if (key === undefined) for (const queue of this.#queues.values()) this.#wake(queue);
    else {
      const queue = this.#queues.get(key);
      if (queue && queue.where !== "line") this.#wake(queue);
    }
    this.pump();
  }

  /** All who wait for a key, or for any, in no certain order. */
  all(key: string | undefined): Waiter[] {
    const booked = this.booked();
    const of = (waiter: Waiter): boolean => key === undefined || waiter.level.queue.key === key;
    const queued = Array.from(this.#queues.values(), (queue) => queue.all(this.#desk.ageing));
    return booked.concat(...queued).filter(of);
  }

  /** Takes those out of their queues who stand before a newcomer, to be booked: in their order. */
  take(key: string, plan: Plan): Waiter[] {
    const queues = new Set(plan.hasShared ? this.#line.queues() : []);
    const own = this.#queues.get(key);
    if (own) queues.add(own);
    const waiters: Waiter[] = [];
    for (const queue of queues) {
      if (queue.plan.rules.some(({ limit }) => neverBooked(limit.kind))) continue;
      waiters.push(...queue.all(this.#desk.ageing));
      this.#dissolve(queue);
    }
    return waiters.sort((a, b) => compareRanks(a, b, this.#desk.ageing));
  }

  /** Waits for a booked instant. */
  book(waiter: Waiter, at: number, ticket: number): void {
    waiter.extras ??= {};
    waiter.extras.booked = { at, ticket };
    this.#booked.push(at, waiter, waiter.order);
    this.#arm();
  }

  /** Who waits for a booked instant. */
  booked(): Waiter[] {
    const booked = this.#booked
      .items()
      .filter((waiter) => !waiter.settled && waiter.extras?.booked);
    return Array.from(new Set(booked));
  }

  /** Booked waiters queue again, before those who came later. */
  requeue(waiters: readonly Waiter[], planOf: (key: string) => Plan): void {
    const levels = new Map<string, Waiter[]>();
    for (const waiter of waiters) {
      const { key } = waiter.level.queue;
      delete waiter.extras!.booked;
      const name = `${waiter.level.priority} ${key}`;
      levels.set(name, [...(levels.get(name) ?? []), waiter]);
    }
    this.#booked.prune((waiter) => waiter.extras?.booked !== undefined);
    for (const group of levels.values()) {
      const [{ level }] = group as [Waiter];
      const queue = this.#open(level.queue.key, planOf(level.queue.key));
      queue.level(level.priority).restore(group.sort((a, b) => a.order - b.order));
    }
  }

  /** Ends all timers. */
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
    const { breached } = this.#desk;
    while (this.#deadlines.least <= now) {
      const waiter = this.#deadlines.pop()!;
      if (waiter.settled) continue;
      this.#desk.expire(waiter);
      return true;
    }
    if (this.#booked.size > 0 && (breached || this.#booked.least <= now))
      return this.#serveBooked();
    while (this.#ready.least <= now) {
      const due = this.#ready.least;
      const queue = this.#ready.pop()!;
      if (queue.where !== "ready" || queue.due !== due || queue.size === 0) continue;
      if (!this.#mustStand(queue)) return this.#serve(queue);
      this.#line.join(queue);
      return true;
    }
    if (this.#line.due > now && !breached) return false;
    const queue = this.#line.shift();
    return queue !== undefined && this.#serve(queue);
  }

  /** Whether somebody with a smaller rank waits for the same limits of the whole limiter. */
  #mustStand(queue: KeyQueue): boolean {
    if (!queue.plan.hasShared || this.#line.size === 0 || this.#desk.breached) return false;
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
      if (this.#line.size > 0 && !this.#desk.breached) this.#line.join(queue);
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
    const booked = waiter.extras?.booked;
    if (waiter.settled || !booked || !this.#desk.honour(waiter)) return true;
    this.#end(waiter);
    if (this.#desk.breached) this.#desk.letThrough(waiter);
    else this.#desk.grant(waiter, booked.at, booked.ticket);
    return true;
  }

  /** The head leaves its queue, served. */
  #shift(waiter: Waiter): void {
    const { level } = waiter;
    level.shift();
    this.#end(waiter);
    if (level.queue.size === 0) this.#dissolve(level.queue);
  }

  #end(waiter: Waiter): void {
    waiter.settled = true;
    waiter.extras?.detach?.();
    if (--this.#size > 0) return;
    this.#deadlines.prune(() => false);
    this.#booked.prune(() => false);
  }

  /** Sends a refused queue to where it waits. */
  #place(queue: KeyQueue, { now, until, ownUntil }: Answer): void {
    this.#line.leave(queue);
    if (isHeld(ownUntil)) {
      queue.where = "held";
    } else if (ownUntil > now) {
      this.#stay(queue, ownUntil);
    } else {
      this.#line.join(queue);
      this.#line.wait(isHeld(until) ? Number.POSITIVE_INFINITY : until);
    }
  }

  #wake(queue: KeyQueue): void {
    const head = queue.head(this.#desk.ageing);
    if (!head) return;
    this.#line.leave(queue);
    // By rank, so that those who are due together go in the order of their ranks.
    this.#stay(queue, Math.min(rankOf(head, this.#desk.ageing), head.arrival), head.order);
  }

  #stay(queue: KeyQueue, due: number, order = 0): void {
    queue.where = "ready";
    queue.due = due;
    this.#ready.push(due, queue, order);
  }

  #open(key: string, plan: Plan): KeyQueue {
    let queue = this.#queues.get(key);
    if (!queue) {
      queue = new KeyQueue(key, plan);
      this.#queues.set(key, queue);
    }
    return queue;
  }

  #dissolve(queue: KeyQueue): void {
    this.#line.leave(queue);
    queue.where = "held";
    this.#queues.delete(queue.key);
  }

  #arm(): void {
    if (this.#pumping) return;
    const due = Math.min(
      this.#ready.least,
      this.#line.due,
      this.#deadlines.least,
      this.#booked.least,
    );
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

/** Nobody knows when these have room, so nothing can be booked behind them. */
function neverBooked(kind: string): boolean {
  return kind === "concurrency" || kind === "blocked";
}
