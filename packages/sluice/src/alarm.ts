/** The one timer of a limiter, for an instant on the store's clock. */

import type { Clock } from "./clock.ts";

export class Alarm {
  readonly #clock: Clock;
  readonly #now: () => number;
  readonly #ring: () => void;
  #cancel: (() => void) | undefined;
  #due = Number.POSITIVE_INFINITY;

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
    this.#cancel = this.#clock.setTimer(Math.max(0, wait), this.#wake);
  }

  readonly #wake = (): void => {
    this.#cancel = undefined;
    this.#due = Number.POSITIVE_INFINITY;
    this.#ring();
  };
}
