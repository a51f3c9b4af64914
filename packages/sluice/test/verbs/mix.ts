/** A limiter, and callers who do to it what they are told; a journal of what they were given. */

import { getEventListeners } from "node:events";
import {
  createLimiter,
  type Limiter,
  type LimitsInput,
  type Permit,
  type Refusal,
  type Reservation,
} from "../../src/index.ts";
import { manualClock } from "../../src/testing/index.ts";
import { build, capacity, type Entry, Journal, type Spec } from "./mix-limits.ts";
import { KEYS, type Step } from "./mix-steps.ts";
import { codeOf, nameOf, type Watched, watch } from "./outcomes.ts";

/** A permit, or a reservation, and what it is in the journal. */
interface Holder<P = Permit<never>> {
  readonly key: string;
  readonly permit: P;
  readonly entry: Entry;
}

/** A limiter and its callers. */
export class Mix {
  readonly clock = manualClock();
  readonly limiter: Limiter<readonly ["1/1s"]>;
  readonly calls: Watched<unknown>[] = [];
  readonly journal: Journal;
  readonly errors: string[] = [];
  breached = false;
  /** The limits of all keys, and of single ones. */
  specs: readonly Spec[];
  readonly own = new Map<string, readonly Spec[]>();
  /** Whether the limits of keys cannot be told. */
  #failing = false;
  readonly #held: Holder[] = [];
  /** All that were ever booked: what is done to one a second time must be harmless. */
  readonly #booked: Holder<Reservation<never>>[] = [];
  readonly #cancelled = new Set<Entry>();
  readonly #aborts = [new AbortController(), new AbortController(), new AbortController()];
  readonly #signals: AbortSignal[] = this.#aborts.map(({ signal }) => signal);
  /** Names of slots, of which a settlement cannot take more. */
  readonly #slots = new Set<string>();
  readonly #stops: (() => void)[] = [];
  #draining = false;

  constructor(specs: readonly Spec[], maxWaiting: number, maxKeys?: number) {
    this.#noteSlots(specs);
    this.specs = specs;
    this.journal = new Journal(specs);
    const limitsFor = (): undefined => {
      if (this.#failing) throw new Error("unknown");
    };
    const options = { clock: this.clock, maxWaiting, overflow: "drop-lowest" as const, limitsFor };
    const most = maxKeys === undefined ? {} : { maxKeys };
    this.limiter = createLimiter<LimitsInput>(build(specs), { ...options, ...most }) as never;
  }

  async step(step: Step): Promise<void> {
    try {
      await this.#do(step);
    } catch (error) {
      if (nameOf(error) !== "KEYS_EXHAUSTED") throw error;
    }
  }

  #do(step: Step): Promise<void> | void {
    const { limiter, clock } = this;
    switch (step.does) {
      case "within": {
        const stop = limiter.on(step.event, () => {
          stop();
          void this.step(step.step);
        });
        this.#stops.push(stop);
        return;
      }
      case "acquire":
      case "run":
        return this.#ask(step);
      case "try":
        return this.#try(step.key, step.costs, step.barge);
      case "reserve":
        return this.#reserve(step.key, step.costs, step.ahead);
      case "settle":
        return this.#settle(this.#held[step.which % this.#held.length], step.costs);
      case "release":
      case "dispose":
        return this.#release(step.which, step.does === "dispose");
      case "unbook":
        return this.#unbook(this.#booked.at(-1 - step.which), step.deeds, step.costs);
      case "abort":
        return this.#abort(step.which % this.#aborts.length);
      case "advance":
        return clock.advance(step.ms).then(() => this.#compare());
      case "block":
        return clock.block(step.ms);
      case "cancelWaiting":
        return void limiter.cancelWaiting(keyed(step.key));
      case "resume":
        return limiter.resume(keyed(step.key));
      case "pause":
        return limiter.pause(step.ms, keyed(step.key));
      case "reset":
        limiter.reset(keyed(step.key));
        if (step.key === undefined) this.breached = false;
        return;
      case "forget":
        return limiter.forget(step.key);
      case "breach":
        this.breached = true;
        return limiter.breach();
      case "nonsense": {
        const code = codeOf(() => limiter.setLimits({ l0: "nonsense" } as never));
        if (code !== "INVALID_OPTION") this.errors.push(`nonsense: ${String(code)}`);
        return;
      }
      case "unknown":
        this.own.clear();
        this.#failing = true;
        limiter.setLimits(build(this.specs));
        this.#failing = false;
        return;
      case "restore":
        return limiter.restore(limiter.snapshot());
      case "setLimits":
        // A key must have some limit.
        if (step.key !== undefined && !this.#leavesSome(step.specs)) return;
        this.#noteSlots(step.specs);
        if (step.key !== undefined) this.own.set(step.key, step.specs);
        else {
          this.specs = step.specs;
          this.own.clear();
        }
        limiter.setLimits(build(step.specs), keyed(step.key));
    }
  }

  /** Everything is released as it comes, until nobody waits or nothing moves any more. */
  async drain(): Promise<void> {
    this.#draining = true;
    for (const stop of this.#stops) stop();
    if (this.breached) this.limiter.reset();
    for (const key of [undefined, ...KEYS]) this.limiter.resume(keyed(key));
    while (this.#held.length > 0) this.#release(0, false);
    for (let i = 0; i < 5; i++) await this.clock.advance("1h");
    this.#compare();
  }

  /** Signals that still have a listener. */
  listening(): number {
    return this.#signals.filter((signal) => getEventListeners(signal, "abort").length > 0).length;
  }

  /** What an ask with this key can take of each limit: the key's own, and the whole limiter's. */
  most(key: string): Record<string, number> {
    const own = this.own.get(key);
    const shared = this.specs.filter(({ per }) => per === "limiter" || !own);
    const most: Record<string, number> = {};
    for (const [all, specs] of [
      [this.specs, shared],
      [own ?? [], (own ?? []).filter(({ per }) => per === "key")],
    ] as const) {
      for (const spec of specs) {
        const name = `l${all.indexOf(spec)}`;
        most[name] = Math.min(most[name] ?? Number.POSITIVE_INFINITY, capacity(spec));
      }
    }
    return most;
  }

  #noteSlots(specs: readonly Spec[]): void {
    specs.forEach(({ kind }, i) => {
      if (kind === "slots") this.#slots.add(`l${i}`);
    });
  }

  #leavesSome(own: readonly Spec[]): boolean {
    return own.some(({ per }) => per === "key") || this.specs.some(({ per }) => per === "limiter");
  }

  #ask(step: Extract<Step, { does: "acquire" | "run" }>): void {
    const { key, priority, timeout, signal, end, after } = step;
    const cost = this.#cost(key, step.costs);
    const taken = this.specs.map((_, i) => cost[`l${i}`] ?? 0);
    const options = {
      key,
      cost: cost as never,
      priority,
      ...(timeout === undefined ? {} : { timeout }),
      ...(signal === undefined ? {} : { signal: this.#aborts[signal]!.signal }),
    };
    if (step.does === "acquire") {
      const call = this.limiter.acquire(options);
      call.then(
        (permit) => this.#hold(key, permit as never, taken),
        () => undefined,
      );
      this.calls.push(watch(call));
      return;
    }
    const work = async (): Promise<void> => {
      const entry = this.journal.admit(key, taken, this.clock.now());
      try {
        if (end === "throw") throw new Error("thrown");
        if (after > 0) await new Promise<void>((done) => this.#later(after, done));
        if (end === "reject") await Promise.reject(new Error("rejected"));
      } finally {
        this.journal.release(entry, this.clock.now());
      }
    };
    this.calls.push(watch(this.limiter.run(end === "throw" ? () => work() : work, options)));
  }

  /** The test's own timers do not count among those that keep a process alive. */
  #later(ms: number, wake: () => void): void {
    this.clock.setTimer(ms, wake, true);
  }

  #try(key: string, costs: readonly number[], barge: boolean): void {
    const cost = this.#cost(key, costs);
    const answer = this.limiter.tryAcquire({ key, cost: cost as never, barge }) as
      | Permit<never>
      | Refusal;
    if (answer.granted)
      this.#hold(
        key,
        answer,
        this.specs.map((_, i) => cost[`l${i}`] ?? 0),
      );
  }

  #reserve(key: string, costs: readonly number[], ahead: number): void {
    const cost = this.#cost(key, costs);
    const answer = this.limiter.reserve({ key, cost: cost as never, maxWait: ahead }) as
      | Reservation<never>
      | Refusal;
    if (!answer.granted) return;
    const taken = this.specs.map((_, i) => cost[`l${i}`] ?? 0);
    const at = this.clock.now() + answer.wait * 1e3;
    this.#booked.push({ key, permit: answer, entry: this.journal.admit(key, taken, at) });
  }

  #hold(key: string, permit: Permit<never>, costs: readonly number[]): void {
    const entry = this.journal.admit(key, costs, this.clock.now());
    this.#held.push({ key, permit, entry });
    if (this.#draining) this.#release(this.#held.length - 1, false);
  }

  #unbook(
    holder: Holder<Reservation<never>> | undefined,
    deeds: readonly ("cancel" | "settle")[],
    costs: readonly number[],
  ): void {
    if (!holder) return;
    for (const deed of deeds) {
      if (deed === "settle") this.#settle(holder, costs);
      else if (holder.permit.cancel()) {
        this.journal.cancel(holder.entry);
        this.#cancelled.add(holder.entry);
      }
    }
  }

  #settle(
    holder: Holder<Permit<never> | Reservation<never>> | undefined,
    costs: readonly number[],
  ): void {
    if (!holder) return;
    const { key, permit, entry } = holder;
    const actual = Object.fromEntries(
      Object.keys(permit.limits).map((name) => {
        const most = this.#slots.has(name) ? permit.limits[name]!.cost : Number.POSITIVE_INFINITY;
        return [name, Math.min(costs[Number(name.slice(1))]!, most)];
      }),
    );
    const code = codeOf(() => permit.settle(actual as never));
    if (code === "ALREADY_SETTLED" || code === "KEYS_EXHAUSTED") return;
    if (code === "ALREADY_RELEASED" && this.#cancelled.has(entry)) return;
    if (code !== "nothing") this.errors.push(`settle: ${String(code)}`);
    const used = this.specs.map((_, i) => actual[`l${i}`] ?? 0);
    this.journal.settle(key, entry, used, this.clock.now());
  }

  #release(which: number, dispose: boolean): void {
    const [holder] = this.#held.splice(which % (this.#held.length || 1), 1);
    if (!holder) return;
    this.journal.release(holder.entry, this.clock.now());
    if (dispose) holder.permit[Symbol.dispose]();
    else holder.permit.release();
  }

  #abort(which: number): void {
    const fresh = new AbortController();
    this.#signals.push(fresh.signal);
    const [old] = this.#aborts.splice(which, 1, fresh);
    old!.abort("aborted");
  }

  /** What the limiter says of itself is what the callers see. */
  #compare(): void {
    const pending = this.calls.filter(({ outcome }) => outcome === "pending").length;
    const { waiting } = this.limiter.stats();
    const { active } = this.clock.timers();
    const most = waiting > 0 ? 1 : 0;
    if (active > most) this.errors.push(`${active} timers while ${waiting} wait`);
    if (waiting > pending) this.errors.push(`${waiting} wait, and ${pending} are pending`);
  }

  #cost(key: string, costs: readonly number[]): Record<string, number> {
    return Object.fromEntries(
      Object.entries(this.most(key)).map(([name, most]) => [
        name,
        Math.min(costs[Number(name.slice(1))]!, most),
      ]),
    );
  }
}

function keyed(key: string | undefined): { readonly key?: string } {
  return key === undefined ? {} : { key };
}
