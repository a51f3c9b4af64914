/** Rows that are forgotten: on request, when they have nothing left, or since memory is full. */

import { KeysExhaustedError } from "../../errors.ts";
import type { Moment } from "../../limits/limit.ts";
import type { HostClock } from "./host-clock.ts";
import type { Rows } from "./rows.ts";
import { Step } from "./step.ts";
import { Sweep } from "./sweep.ts";
import type { Title } from "./text.ts";

export class Room {
  readonly #rows: Rows;
  readonly #name: string;
  readonly #clock: HostClock;
  readonly #sweep: Sweep;

  constructor(rows: Rows, name: string, clock: HostClock) {
    this.#rows = rows;
    this.#name = name;
    this.#clock = clock;
    this.#sweep = new Sweep(rows);
  }

  /** The keys of this limiter that have something left; idle ones, too, with `all`. */
  keys(all: boolean): string[] {
    const keys: string[] = [];
    const { now } = this.moment();
    this.#sweep.each((draft, { name, key }) => {
      if (name === this.#name && key !== undefined && (all || draft.idleAt > now)) keys.push(key);
    });
    return keys;
  }

  forget(step: Step, key: string): void {
    do step.readAny(key);
    while (!step.forget(this.moment()));
  }

  /** Forgets a few of those that are idle, of any limiter. */
  sweep(step: Step, now: number): void {
    this.#sweep.some(now, (title) => this.#forgetIdle(step, title));
  }

  /** @throws The error, unless it is that memory is full and something could be forgotten. */
  make(step: Step | undefined, error: unknown): void {
    if (!(error instanceof KeysExhaustedError)) throw error;
    const { now } = this.moment();
    const freed = this.#sweep.all(now, (title) => this.#forgetIdle(step, title));
    if (freed === 0) throw error;
  }

  moment(): Moment {
    const now = this.#clock.now();
    return { now, wall: now, since: now };
  }

  #forgetIdle(own: Step | undefined, { name, key }: Title): void {
    const step = own && name === this.#name ? own : new Step(this.#rows, name, undefined);
    step.readAny(key!);
    const idle = step.key.row !== 0 && Sweep.isIdle(step.key, this.#clock.now());
    if (idle) step.forget(this.moment());
  }
}
