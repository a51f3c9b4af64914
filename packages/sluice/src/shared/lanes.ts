/** The lanes of all keys, and the one timer for the earliest of them. */

import { Alarm } from "../alarm.ts";
import { Heap } from "../heap.ts";
import type { Plan } from "../limits/plan.ts";
import { KeyQueue, type Waiter } from "../queue.ts";
import { Lane } from "./lane.ts";
import type { LaneDesk } from "./lane-desk.ts";
import type { Share } from "./share.ts";

/** Keys whose shares are kept while nobody waits for them. */
const SHARES = 1_000;

export class Lanes {
  readonly #desk: LaneDesk;
  readonly #byKey = new Map<string, Lane>();
  /** Of keys without a lane, the latest last: who asks for one at a time has taken something, too. */
  readonly #shares = new Map<string, Share>();
  /** Lanes by when they are to be looked at; one that moved stands in it more than once, for a while. */
  readonly #due = new Heap<Lane>();
  #pushed = 0;
  readonly #deadlines = new Heap<Waiter>();
  readonly #alarm: Alarm;
  readonly #expire: (waiter: Waiter) => void;
  size = 0;

  constructor(desk: LaneDesk, expire: (waiter: Waiter) => void) {
    this.#desk = desk;
    this.#expire = expire;
    this.#alarm = new Alarm(
      desk.clock,
      () => desk.clock.now(),
      () => this.#ring(),
    );
  }

  get(key: string): Lane | undefined {
    return this.#byKey.get(key);
  }

  all(): Lane[] {
    return Array.from(this.#byKey.values());
  }

  /** The lane of a key; new ones go by this plan. */
  open(key: string, plan: Plan): Lane {
    let lane = this.#byKey.get(key);
    if (!lane) {
      lane = new Lane(new KeyQueue(key, plan), this.#desk, this.#shares.get(key));
      this.#byKey.set(key, lane);
      this.#shares.delete(key);
    }
    return lane;
  }

  setDeadline(waiter: Waiter, deadline: number): void {
    if (this.#deadlines.isOvergrown(this.size)) this.#deadlines.prune((each) => !each.settled);
    this.#deadlines.push(deadline, waiter, waiter.order);
    this.#arm();
  }

  /** A waiter has left its queue, served or not. */
  left(waiter: Waiter): void {
    waiter.settled = true;
    waiter.extras?.detach?.();
    if (--this.size === 0) this.#deadlines.prune(() => false);
  }

  /** Asks again for a key, or for all. */
  wake(key?: string): void {
    this.#desk.line.wake();
    const own = key === undefined ? undefined : this.#byKey.get(key);
    for (const lane of key === undefined ? this.all() : own ? [own] : []) {
      lane.wake();
      this.pump(lane);
    }
    this.#serveLine();
  }

  /** Serves a lane, and the timer goes by what is left of it. */
  pump(lane: Lane): void {
    lane.serve();
    if (lane.idle) this.#drop(lane);
    else this.#put(lane);
    if (this.#due.isOvergrown(this.#byKey.size)) this.#putAnew();
    this.#serveLine();
    if (lane.isHeldBack) this.#desk.forecasts.compare(lane);
  }

  close(): void {
    this.#alarm.set(Number.POSITIVE_INFINITY);
    this.#byKey.clear();
    this.#shares.clear();
    this.#desk.line.clear();
    this.#due.prune(() => false);
    this.#deadlines.prune(() => false);
  }

  #drop(lane: Lane): void {
    if (!this.#isOpen(lane)) return;
    const { key } = lane.queue;
    this.#byKey.delete(key);
    this.#desk.line.leave(lane);
    this.#desk.forecasts.forget(lane);
    if (this.#shares.size >= SHARES) this.#shares.delete(this.#shares.keys().next().value!);
    this.#shares.set(key, lane.share);
  }

  #put(lane: Lane): void {
    const { due } = lane;
    if (due < Number.POSITIVE_INFINITY) this.#due.push(due, lane, ++this.#pushed);
  }

  /** Each lane once: what is kept is bounded by who waits, not by who gave up. */
  #putAnew(): void {
    this.#due.prune(() => false);
    for (const lane of this.#byKey.values()) this.#put(lane);
  }

  /** When the first lane is due; a lane that is gone or moved on keeps nobody awake. */
  get #nextDue(): number {
    for (let lane = this.#due.peek(); lane; lane = this.#due.peek()) {
      const due = this.#isOpen(lane) ? lane.due : Number.POSITIVE_INFINITY;
      if (due <= this.#due.least) break;
      this.#due.pop();
      if (due < Number.POSITIVE_INFINITY) this.#put(lane);
    }
    return this.#due.least;
  }

  #isOpen(lane: Lane): boolean {
    return this.#byKey.get(lane.queue.key) === lane;
  }

  #ring(): void {
    const now = this.#desk.clock.now();
    while (this.#deadlines.least < now) this.#expireNext();
    const lanes = new Set<Lane>();
    while (this.#due.least <= now) lanes.add(this.#due.pop()!);
    for (const lane of lanes) if (this.#isOpen(lane)) this.pump(lane);
    // An instant at the end of the time-out is soon enough.
    while (this.#deadlines.least <= now) this.#expireNext();
    this.#serveLine();
  }

  #serveLine(): void {
    this.#desk.line.serve(this.#desk.clock.now());
    this.#arm();
  }

  #expireNext(): void {
    this.#expire(this.#deadlines.pop()!);
  }

  #arm(): void {
    this.#alarm.set(Math.min(this.#nextDue, this.#deadlines.least, this.#desk.line.due));
  }
}
