/** Every call to a store: let through by the circuit, ended by a deadline, judged by its outcome. */

import type { Clock } from "../../clock.ts";
import { StoreTimeoutError } from "../../errors.ts";
import { show } from "../../time.ts";
import {
  againAt,
  type Circuit,
  type CircuitRules,
  CLOSED,
  enter,
  fail,
  succeed,
} from "./circuit.ts";
import { isBusy, isStoreFailure, leftAlone } from "./failure.ts";

/** One call. */
export interface Guarded<T> {
  /** Makes it; `isOver` tells whether the deadline has passed meanwhile. */
  readonly run: (isOver: () => boolean) => T | Promise<T>;
  /** The answer in the place of a store that failed, or a throw. */
  readonly otherwise: (failure: unknown) => T;
  /** Takes an answer that came after the deadline. */
  readonly late?: (answer: T) => void;
  /** Whether it writes: only that shows a store to be sound that can still be read. */
  readonly writes: boolean;
}

export interface GuardOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly sync: boolean;
  /** Microseconds. */
  readonly deadline: number;
  readonly rules: CircuitRules;
  /** A call failed. */
  readonly failed: () => void;
  readonly opened: (failure: unknown) => void;
  readonly closed: () => void;
}

export class Guard {
  readonly #options: GuardOptions;
  #circuit: Circuit = CLOSED;
  #isTold = false;
  #failure: unknown;
  /** Since when, and when last, the store said that others keep it busy. */
  #busySince = 0;
  #busyLast = Number.NEGATIVE_INFINITY;

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  get isClosed(): boolean {
    return this.#circuit.state === "closed";
  }

  /** Microseconds until it makes sense to ask again; never none, which would be a promise. */
  get wait(): number {
    const now = this.#options.clock.now();
    return Math.max(1, againAt(this.#circuit, now, this.#options.rules) - now);
  }

  call<T>(call: Guarded<T>): T | Promise<T> {
    return this.#options.sync ? this.#now(call) : this.#later(call);
  }

  /** The end: tried whatever the circuit says, and nothing depends on it any more. */
  last(run: () => unknown): void | Promise<void> {
    if (!this.#options.sync) {
      const done = (): void => undefined;
      return this.#inTime({ run }).then(done, done);
    }
    try {
      run();
    } catch (error) {
      if (!isStoreFailure(error)) throw error;
    }
  }

  #now<T>(call: Guarded<T>): T {
    const era = this.#enter(call.writes);
    if (era === undefined) return call.otherwise(this.#leftAlone());
    try {
      const answer = call.run(() => false) as T;
      this.#succeeded(era, call.writes);
      return answer;
    } catch (error) {
      this.#failed(error, era);
      return call.otherwise(error);
    }
  }

  async #later<T>(call: Guarded<T>): Promise<T> {
    const era = this.#enter(call.writes);
    if (era === undefined) return call.otherwise(this.#leftAlone());
    try {
      const answer = await this.#inTime(call);
      this.#succeeded(era, call.writes);
      return answer;
    } catch (error) {
      this.#failed(error, era);
      return call.otherwise(error);
    }
  }

  /** The answer, or a `STORE_TIMEOUT`. */
  #inTime<T>({ run, late }: Pick<Guarded<T>, "run" | "late">): Promise<T> {
    const { clock, deadline, name } = this.#options;
    return new Promise<T>((resolve, reject) => {
      let isOver = false;
      const end = (): void => {
        isOver = true;
        reject(
          new StoreTimeoutError(
            `the store of the limiter ${show(name)} did not answer within the deadline of ${deadline / 1e3} ms; what it books late goes back. Look at the store, or raise the deadline.`,
          ),
        );
      };
      // An answer that lies there already, because the event loop was blocked, is read first.
      let cancel = clock.setTimer(deadline / 1e3, () => {
        cancel = clock.setTimer(0, end);
      });
      const answer = (async () => await run(() => isOver))();
      answer.then(
        (value) => {
          cancel();
          if (isOver) late?.(value);
          else resolve(value);
        },
        (error: unknown) => {
          cancel();
          reject(error);
        },
      );
    });
  }

  /** The era of the call, or `undefined` when it must not be made. */
  #enter(writes: boolean): number | undefined {
    const { clock, deadline } = this.#options;
    const now = clock.now();
    const entered = enter(this.#circuit, now, writes, now + deadline);
    if (entered) this.#circuit = entered;
    return entered?.era;
  }

  #succeeded(era: number, writes: boolean): void {
    if (!writes) return;
    this.#busyLast = Number.NEGATIVE_INFINITY;
    this.#circuit = succeed(this.#circuit, era);
    if (!this.#isTold || !this.isClosed) return;
    this.#isTold = false;
    this.#options.closed();
  }

  /** Counts a failure of the store; any other error is the caller's and is thrown. */
  #failed(error: unknown, era: number): void {
    if (!isStoreFailure(error)) {
      this.#succeeded(era, true);
      throw error;
    }
    const { clock, rules, failed, opened } = this.#options;
    const now = clock.now();
    if (isBusy(error) && this.isClosed && !this.#isBusyTooLong(now)) throw error;
    this.#failure = error;
    failed();
    this.#circuit = fail(this.#circuit, era, now, rules);
    if (this.#isTold || this.isClosed) return;
    this.#isTold = true;
    opened(error);
  }

  /** A busy store is asked again by those who wait; one that stays so has failed. */
  #isBusyTooLong(now: number): boolean {
    const { deadline } = this.#options;
    if (now - this.#busyLast > deadline) this.#busySince = now;
    this.#busyLast = now;
    return now - this.#busySince >= deadline;
  }

  #leftAlone(): unknown {
    return leftAlone(this.#options.name, this.wait, this.#failure);
  }
}
