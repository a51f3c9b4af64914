/** The two answers: a permit or a refusal. */

import type { AnyCost, Costs } from "./costs.ts";
import { AlreadyReleasedError, AlreadySettledError } from "./errors.ts";
import type { Plan } from "./limits/plan.ts";
import { formatLimit } from "./limits/parse.ts";

/** What one admission takes from a limit. */
export interface TakenLimit {
  /** The limit as a text, such as `"100/1m"`. */
  readonly limit: string;
  /** How much of it this admission took. */
  readonly cost: number;
}

/**
 * One grant. Release it when the work is done if the limiter has `concurrency`, best with `using`;
 * without `concurrency` nobody must, and releasing does nothing. Disposing never fails: where the
 * store cannot be told, the lease of the slots ends.
 *
 * @example
 * using permit = await limiter.acquire({ cost: { tokens: 1800 } });
 * permit.settle({ tokens: 950 });
 */
export interface Permit<Cost = AnyCost> extends Disposable, AsyncDisposable {
  /** What tells it from a refusal. */
  readonly granted: true;
  /** When it was granted, in milliseconds since the epoch; the same whenever it is read. */
  readonly instant: number;
  /** How long the caller waited for it, in milliseconds. */
  readonly waited: number;
  /** What it took, by limit. */
  readonly limits: Readonly<Record<string, TakenLimit>>;
  /**
   * Larger than that of every permit before it: who is given several can tell the latest (a fencing
   * token).
   */
  readonly ticket: number;
  /**
   * Aborts when its slot was given to others since the lease had ended, as after a long stop of the
   * process, and stays aborted; never on the memory store.
   */
  readonly signal: AbortSignal;
  /**
   * Replaces the estimate by what was really used: the surplus is given back, the rest is charged
   * without waiting. Limits left out keep what was taken.
   *
   * @throws `ALREADY_SETTLED`, `ALREADY_RELEASED`, `INVALID_COST`, `UNKNOWN_LIMIT`.
   */
  settle(actual: Cost): void;
  /**
   * Returns the slots; never gives cost back. Where a shared store cannot be told of it, or of the
   * settlement before, it is tried again for a moment and then given up: a slot ends with its lease.
   *
   * @throws `ALREADY_RELEASED` the second time.
   */
  release(): void;
}

/** The permit of a remote store: what is sent to it is promised. */
export interface RemotePermit<Cost = AnyCost> extends Omit<
  Permit<Cost>,
  "release" | typeof Symbol.dispose
> {
  /**
   * Returns the slots; never gives cost back. Resolves when the store knows, and rejects when it cannot
   * be told.
   *
   * @throws `ALREADY_RELEASED` the second time, and the store's errors.
   */
  release(): Promise<void>;
}

/** The permit of a store that answers at once, or of a remote one. */
export type PermitOf<Cost, Sync extends boolean> = Sync extends true
  ? Permit<Cost>
  : RemotePermit<Cost>;

/** The other answer: which limit, and how long until it would fit. */
export interface Refusal extends Disposable, AsyncDisposable {
  /** What tells it from a permit. */
  readonly granted: false;
  /** The limit that refused; `"pause"` while it is paused, `"fallback"` while the store fails. */
  readonly limit: string;
  /** Milliseconds until it would fit, rounded up; absent when only a release can help. */
  readonly retryAfter?: number;
}

/** What happens to permits; the limiter. */
export interface PermitOwner {
  settlePermit(permit: Grant, actual: AnyCost): void;
  /** A remote store promises; it is told of permits without slots too, for their settlements. */
  releasePermit(permit: Grant): void | Promise<void>;
  /** Milliseconds since the epoch of an instant of the store's clock. */
  toEpoch(instant: number): number;
}

/** When the code of a turn's callers ran at the latest, once that is known. */
export interface TurnEnd {
  at: number;
}

let neverAborts: AbortSignal | undefined;

/** What `instant` said first, for the wall clock jumps: not a field, since few ever read it. */
const instants = new WeakMap<Grant, number>();

/** What became of a permit. */
const OPEN = 0;
const SETTLED = 1;
const RELEASED = 2;

export class Grant implements Permit {
  readonly #owner: PermitOwner;
  readonly key: string;
  readonly plan: Plan;
  readonly costs: Costs;
  /** Microseconds on the store's clock. */
  readonly at: number;
  readonly ticket: number;
  readonly #waited: number;
  readonly turn: TurnEnd | undefined;
  #state: number;

  constructor(
    owner: PermitOwner,
    key: string,
    plan: Plan,
    costs: Costs,
    at: number,
    ticket: number,
    waited: number,
    turn: TurnEnd | undefined,
  ) {
    this.#owner = owner;
    this.key = key;
    this.plan = plan;
    this.costs = costs;
    this.at = at;
    this.ticket = ticket;
    this.#waited = waited;
    this.turn = turn;
    this.#state = OPEN;
  }

  get granted(): true {
    return true;
  }

  get instant(): number {
    let instant = instants.get(this);
    if (instant === undefined) instants.set(this, (instant = this.#owner.toEpoch(this.at)));
    return instant;
  }

  get waited(): number {
    return this.#waited / 1e3;
  }

  get limits(): Record<string, TakenLimit> {
    const { rules } = this.plan;
    return Object.fromEntries(
      rules.flatMap((rule, i) =>
        rule.names.map((name) => [
          name,
          { limit: formatLimit(rule.written), cost: this.costs[i]! },
        ]),
      ),
    );
  }

  get signal(): AbortSignal {
    return (neverAborts ??= new AbortController().signal);
  }

  /** Where the admission stands in the store: raised when its turn ended. */
  get stamp(): number {
    return this.turn !== undefined && this.turn.at > this.at ? this.turn.at : this.at;
  }

  settle(actual: AnyCost): void {
    if (this.#state >= RELEASED) throw new AlreadyReleasedError();
    if (this.#state === SETTLED) throw new AlreadySettledError();
    this.#state = SETTLED;
    try {
      this.#owner.settlePermit(this, actual);
    } catch (error) {
      this.#state = OPEN;
      throw error;
    }
  }

  /** Ends an open permit by giving all of it back; a listener that is called meanwhile meets it ended. */
  giveBack(act: () => boolean): boolean {
    if (this.#state !== OPEN) return false;
    this.#state = RELEASED;
    const given = act();
    if (!given) this.#state = OPEN;
    return given;
  }

  release(): void | Promise<void> {
    if (this.#state >= RELEASED) throw new AlreadyReleasedError();
    const settled = this.#state === SETTLED;
    this.#state = RELEASED;
    if (settled || this.plan.hasConcurrency) return this.#owner.releasePermit(this);
  }

  [Symbol.dispose](): void {
    if (this.#state >= RELEASED) return;
    const sent = this.release();
    if (sent) sent.catch(() => undefined); // its lease ends without it
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state >= RELEASED) return;
    try {
      await this.release();
    } catch {
      // Thrown, it would take the place of what came of the work.
    }
  }
}

export class Denial implements Refusal {
  declare readonly retryAfter?: number;
  readonly limit: string;
  readonly #wait: number | undefined;

  /** @param wait - `retryAfter` before it was rounded up, in microseconds. */
  constructor(limit: string, retryAfter: number | undefined, wait?: number) {
    this.limit = limit;
    this.#wait = wait;
    if (retryAfter !== undefined) this.retryAfter = retryAfter;
  }

  get granted(): false {
    return false;
  }

  /** In microseconds; hidden, so that a refusal shows what its type says. */
  get wait(): number | undefined {
    return this.#wait;
  }

  [Symbol.dispose](): void {}

  async [Symbol.asyncDispose](): Promise<void> {}
}
