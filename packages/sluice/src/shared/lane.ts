/**
 * One key of a shared store: who waits for it, the instants in hand, and the one call in flight.
 * Waiters and instants are separate queues: whoever is first takes the next instant that comes, and
 * what nobody needs any more goes back to the store. While a call is in flight newcomers gather, and
 * the next call asks for all of them.
 */

import { sameCosts, takesShared } from "../costs.ts";
import { isHeld, NEVER } from "../limits/limit.ts";
import type { Plan } from "../limits/plan.ts";
import { type KeyQueue, rankOf, type Waiter } from "../queue.ts";
import { type Answer, type Ask, askFor } from "../stores/store.ts";
import { kept } from "./answered.ts";
import { type Booking, bookingsOf, booksAhead } from "./booking.ts";
import type { InLine } from "./common-line.ts";
import type { LaneDesk } from "./lane-desk.ts";
import { Share } from "./share.ts";

/** A held head of a store that tells nobody of releases looks again after so long. */
const POLL_LEAST = 5_000;
const POLL_MOST = 100_000;
/** The same where the store tells, in case a notice was lost. */
const NOTICE_LOST = 1_000_000;
/** After a refusal there is some time before the next call, whatever the store says. */
const LEAST_PAUSE = 500;
/** So many calls in a horizon at the most while the limits hold it back, or each would get too little. */
const CALLS = 12;
/** So long a refusal is taken to be true, unless the store tells what other processes free. */
const REMEMBERED = 1_000_000;
/** A busy store is asked again after so long, and up to twice that. */
const BUSY = 5_000;
/** How long one release of waiters may keep the event loop, and how often it looks at the clock. */
const SLICE_MICROS = 5_000;
const STRIDE = 64;
/** Looks in a row at which all instants came too late before the store counts as too slow. */
const MOST_MISSED = 16;

export class Lane implements InLine {
  readonly queue: KeyQueue;
  readonly #desk: LaneDesk;
  /** In the order of their instants, which is that of the queue. */
  #booked: Booking[] = [];
  /** What this process took of the key's limits; the next lane of the key goes on with it. */
  share: Share;
  /** The call in flight. */
  #call: Promise<void> | undefined;
  /** When it was made, on this process's clock, while it is not answered. */
  asked: number | undefined;
  /** Whether the line let it ask: what comes of it concerns the line. */
  #fromLine = false;
  #suspensions = 0;
  /** Not asked for more before this, on this process's clock. */
  #askAt = 0;
  #poll = POLL_LEAST;
  #missed = 0;

  constructor(queue: KeyQueue, desk: LaneDesk, share: Share | undefined) {
    this.queue = queue;
    this.#desk = desk;
    this.share = share?.plan === queue.plan ? share : new Share(queue.plan, desk.horizon);
  }

  /** When there is something to do, on this process's clock. */
  get due(): number {
    const next = this.#booked[0]?.due ?? Number.POSITIVE_INFINITY;
    return this.#wantsMore && !this.#desk.line.has(this) ? Math.min(next, this.#askAt) : next;
  }

  /** A call is in flight, after which the lane is looked at again. */
  get isAsking(): boolean {
    return this.#call !== undefined;
  }

  /** Nobody waits, nothing is in hand, no call is in flight. */
  get idle(): boolean {
    const { size } = this.queue;
    return size === 0 && this.#booked.length === 0 && !this.#call && this.#suspensions === 0;
  }

  /** Those who have no instant are not admitted now, or those who have one are still to wait. */
  get isHeldBack(): boolean {
    if (this.#call || this.#suspensions > 0) return false;
    const { line, clock } = this.#desk;
    const askAt = line.has(this) ? line.askAt : this.#askAt;
    return this.#booked.length > 0 || (this.#wantsMore && askAt > clock.now());
  }

  /** The instants in hand, for the first of those who wait. */
  get inHand(): readonly Booking[] {
    return this.#booked;
  }

  get #wantsMore(): boolean {
    return !this.#call && this.#suspensions === 0 && this.queue.size > this.#booked.length;
  }

  /** Those who wait go by new limits. */
  replan(plan: Plan): void {
    this.queue.replan(plan);
    this.share = new Share(plan, this.#desk.horizon);
  }

  /** Something was freed: asks again at once. */
  wake(): void {
    this.#askAt = 0;
    this.#poll = POLL_LEAST;
  }

  /** Everything in hand goes back: the limits, or what may pass at all, have changed. */
  async giveAllBack(): Promise<void> {
    const booked = this.#booked;
    this.#booked = [];
    this.wake();
    if (booked.length > 0) await this.#giveBack(booked);
  }

  /** From now on nothing is handed out or asked for; resolves when the store has all of it back. */
  async suspend(): Promise<void> {
    this.#suspensions++;
    await Promise.all([this.giveAllBack(), this.#call]);
  }

  resume(): void {
    this.#suspensions--;
    this.#desk.pump(this);
  }

  /** Hands out the instants that have come, returns those too many, and asks for more. */
  serve(): void {
    this.#desk.checkLate();
    if (this.#suspensions > 0) return;
    const { clock } = this.#desk;
    const started = clock.now();
    let now = started;
    let missed = false;
    for (let served = 1; this.#booked.length > 0 && this.#booked[0]!.due <= now; served++) {
      missed = this.#serveFirst(now) || missed;
      if (served % STRIDE === 0) now = clock.now();
      if (now - started > SLICE_MICROS) return;
    }
    if (missed) this.#miss();
    const spare = this.#booked.splice(this.queue.size);
    if (spare.length > 0) void this.#giveBack(spare);
    if (!this.#wantsMore || this.#askAt > now) return;
    if (!this.queue.plan.hasShared) this.#begin(this.#askSoon(), false);
    else if (!this.#desk.line.has(this)) this.#lineUp();
  }

  askUpTo(rank: number): boolean {
    if (!this.#wantsMore) return false;
    const { ageing } = this.#desk;
    const unserved = this.unserved();
    const first = unserved.findIndex((waiter) => rankOf(waiter, ageing) > rank);
    this.#begin(this.#ask(first < 0 ? unserved : unserved.slice(0, Math.max(1, first))), true);
    return true;
  }

  /** Stands in the line, unless those at the front take nothing of what is under all keys. */
  #lineUp(): void {
    const { line, ageing } = this.#desk;
    const unserved = this.unserved();
    const first = unserved.findIndex(({ costs }) => takesShared(this.queue.plan, costs));
    if (first === 0) line.join(this, rankOf(unserved[0]!, ageing), unserved[0]!);
    else this.#begin(this.#ask(first < 0 ? unserved : unserved.slice(0, first)), false);
  }

  /** Those who wait, in order. */
  waiters(): Waiter[] {
    return this.queue.all(this.#desk.ageing);
  }

  /** Those who wait and have no instant. */
  unserved(): Waiter[] {
    return this.waiters().slice(this.#booked.length);
  }

  #giveBack(booked: readonly Booking[]): Promise<void> {
    const now = this.#desk.clock.now();
    for (const { costs } of booked) this.share.putBack(costs, now);
    return this.#desk.giveBack(this.queue.key, booked);
  }

  /** True when the instant came too late. */
  #serveFirst(now: number): boolean {
    const booking = this.#booked[0]!;
    const waiter = this.queue.head(this.#desk.ageing);
    if (waiter && !sameCosts(waiter.costs, booking.costs)) {
      void this.giveAllBack();
      return false;
    }
    this.#booked.shift();
    const late = now > booking.until;
    if (!waiter || late) {
      void this.#giveBack([booking]);
      return late;
    }
    this.#missed = 0;
    waiter.level.shift([waiter]);
    this.#desk.grant(waiter, booking);
    return false;
  }

  #miss(): void {
    this.wake();
    if (++this.#missed > MOST_MISSED) this.#desk.tooSlow(this);
  }

  #begin(call: Promise<void>, fromLine: boolean): void {
    this.#fromLine = fromLine;
    this.asked = this.#desk.clock.now();
    this.#call = call.finally(() => {
      this.#call = undefined;
      this.asked = undefined;
      if (fromLine) this.#desk.line.ended();
      this.#desk.pump(this);
    });
  }

  /** One call for all who come in this turn: who was just granted may be back at once. */
  async #askSoon(): Promise<void> {
    await undefined;
    const queued = this.#suspensions > 0 ? [] : this.unserved();
    if (queued.length > 0) await this.#ask(queued);
  }

  async #ask(queued: readonly Waiter[]): Promise<void> {
    const { clock, ledger } = this.#desk;
    const { key, plan } = this.queue;
    const costs = this.share.next(queued.map((waiter) => waiter.costs));
    const maxWait = booksAhead(plan) ? this.share.reach(clock.now()) : 0;
    const notBefore = this.#booked.at(-1)?.at ?? 0;
    const ask: Ask = { ...askFor(key, plan, costs, maxWait), notBefore };
    const sent = clock.now();
    try {
      const answer = await kept(ledger.reserve(ask));
      this.asked = undefined;
      await this.#take(ask, answer, sent, clock.now());
    } catch (error) {
      if ((error as { code?: unknown }).code !== "STORE_BUSY") return this.#desk.fail(this, error);
      this.#askAt = clock.now() + BUSY * (1 + this.#desk.random());
    }
  }

  /** Puts into hand what was gained; a promise when it went back instead. */
  #take(ask: Ask, answer: Answer, sent: number, received: number): Promise<void> | undefined {
    const { key, plan, costs } = ask;
    const gained = bookingsOf(plan, costs, answer, { sent, received });
    // The limits changed while the call was under way, or somebody ran late.
    if (plan !== this.queue.plan || this.#suspensions > 0) {
      return gained.length > 0 ? this.#desk.giveBack(key, gained) : undefined;
    }
    // The way took longer than the grace: when an instant has surely come, it is too old already.
    if (received - sent > plan.grace && gained.length > 0) {
      const back = this.#desk.giveBack(key, gained);
      this.#miss();
      return back;
    }
    for (const booking of gained) {
      this.share.take(booking.costs, received);
      this.#booked.push(booking);
    }
    if (answer.admitted === costs.length) {
      this.#askAt = this.#afterGain(gained, received);
      if (this.#fromLine) this.#desk.line.admitted();
      return undefined;
    }
    this.#askAt = this.#afterRefusal(answer, received);
    const { now, ownUntil } = answer;
    if (this.#fromLine && ownUntil >= 0 && ownUntil <= now + ask.maxWait) {
      this.#desk.line.refused(this.#askAt);
      this.#askAt = 0;
    }
    return undefined;
  }

  /** The front of what is booked, by anybody, moves into reach of the next call. */
  #afterRefusal({ now, until }: Answer, received: number): number {
    if (isHeld(until)) return this.#nextPoll(received);
    this.#poll = POLL_LEAST;
    const front = until === NEVER ? received + this.#desk.horizon : received + (until - now);
    const last = this.#desk.ledger.notifies === true ? front : received + REMEMBERED;
    if (!booksAhead(this.queue.plan))
      return Math.max(Math.min(front, last), received + LEAST_PAUSE);
    const pause = this.#desk.horizon / CALLS;
    return Math.max(Math.min(this.share.whenInReach(front), last), received + pause);
  }

  #afterGain(gained: readonly Booking[], received: number): number {
    this.#poll = POLL_LEAST;
    const front = gained.at(-1)?.due ?? received;
    return front <= received ? 0 : this.share.whenInReach(front);
  }

  #nextPoll(received: number): number {
    if (this.#desk.ledger.notifies === true) return received + NOTICE_LOST;
    const wait = this.#poll * (1 + this.#desk.random());
    this.#poll = Math.min(2 * this.#poll, POLL_MOST / 2);
    return received + Math.ceil(wait);
  }
}
