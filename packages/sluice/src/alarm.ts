/** The one timer of a limiter, for an instant on the store's clock. */

import type { Clock } from "./clock.ts";

/**
 * Rings in a row at which the clock stood still before it is given a millisecond. Browsers' clocks
 * move in steps of up to 100 ms, and those of fake timers by hand.
 */
const STILL = 200;

export class Alarm {
  readonly #clock: Clock;
  readonly #now: () => number;
  readonly #ring: () => void;
  #cancel: (() => void) | undefined;
  #due = Number.POSITIVE_INFINITY;
  #rang = Number.NaN;
  #still = 0;

  constructor(clock: Clock, now: () => number, ring: () => void) {
    this.#clock = clock;
    this.#now = now;
    this.#ring = ring;
  }

  /**
   * Rings at `due`, or about: timers cut fractions off, are early or late, and cannot wait long;
   * who is woken looks at the clock again. Infinity means never.
   */
  set(due: number): void {
    if (due === this.#due) return;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#due = due;
    if (due === Number.POSITIVE_INFINITY) return;
    const wait = due <= 0 ? 0 : (due - this.#now()) / 1e3;
    const least = due > 0 && this.#still > STILL ? 1 : 0;
    this.#cancel = this.#clock.setTimer(Math.max(least, wait), this.#wake);
  }

  readonly #wake = (): void => {
    this.#cancel = undefined;
    this.#due = Number.POSITIVE_INFINITY;
    const now = this.#now();
    this.#still = now === this.#rang ? this.#still + 1 : 0;
    this.#rang = now;
    this.#ring();
  };
}
