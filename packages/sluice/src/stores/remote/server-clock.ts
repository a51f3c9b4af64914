/** What one limiter knows of its server's clock, and questions that are asked again when it is amiss. */

import type { Plan } from "../../limits/plan.ts";
import type { Scope } from "../store.ts";
import { isJump, missingBorder } from "./failures.ts";
import type { Reach } from "./plan-numbers.ts";

/** A server is asked again with more borders, or after its clock was set back, so often. */
const MOST_TRIES = 4;

/** A question that depends on where the borders of periods are. */
export interface Mendable<T> {
  /** How far ahead it may look, in microseconds. */
  readonly ahead: number;
  ask(reach: Reach): Promise<T>;
  /** Whether it learnt from a failure what was missing in the question. */
  learn?(cause: unknown): boolean;
  /** Moves what is there with a clock that was set back. */
  followClock(reach: Reach): Promise<unknown>;
}

export class ServerClock {
  readonly #scope: Scope;
  readonly #read: () => Promise<number>;
  /** What has to be added to this process's clock for that of the server, about. */
  #ahead: number | undefined;
  /** The opening by the server's clock, where it must be known. */
  #opened: Promise<number> | undefined;
  /** From when a cold key counts as used, by the server's clock; 0 when it starts full. */
  cold = 0;

  constructor(scope: Scope, read: () => Promise<number>) {
    this.#scope = scope;
    this.#read = read;
    if (scope.start === "full") return;
    this.#opened = read();
    this.#opened.catch(() => undefined);
  }

  /** Whether `prepare` has nothing to ask any more, whatever the plan. */
  get isReady(): boolean {
    return this.#opened === undefined && this.#ahead !== undefined;
  }

  /** The server's clock, in an answer to what was sent at `sent` on this process's. */
  heard(now: number, sent: number): void {
    this.#ahead = now - sent;
  }

  /** What must be known before the first question, or again. */
  async prepare(plan: Plan): Promise<void> {
    if (this.#opened !== undefined && this.cold === 0) {
      const opened = this.#opened;
      // A failed reading is made again; the opening is then later than it was, which is safe.
      this.cold = await opened.catch(() => (this.#opened = this.#read()));
    }
    if (this.#ahead === undefined && plan.hasQuota) {
      const sent = this.#scope.clock.now();
      this.heard(await this.#read(), sent);
    }
  }

  /** Asks, and mends what the server cannot go on with. */
  async ask<T>({ ahead, ask, learn, followClock }: Mendable<T>): Promise<T> {
    const around: number[] = [];
    for (let tries = 1; ; tries++) {
      // Around the server's present, and the instants whose periods were missing.
      const now = this.#scope.clock.now() + (this.#ahead ?? 0);
      const reach = { from: Math.min(now, ...around), to: Math.max(now + ahead, ...around) };
      try {
        return await ask(reach);
      } catch (error) {
        const { cause } = error as Error;
        const border = missingBorder(cause);
        if (tries >= MOST_TRIES) throw error;
        if (border !== undefined) around.push(border);
        else if (isJump(cause)) await followClock(reach);
        else if (!learn?.(cause)) throw error;
      }
    }
  }
}
