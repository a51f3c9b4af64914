/** Microseconds since the epoch from a clock whose wall time has whole milliseconds only. */

import type { Clock } from "../../clock.ts";

export class HostClock {
  readonly #clock: Clock;
  /** What is added to the monotonic clock; wrong by less than a millisecond, and less with every look. */
  #offset: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offset = wallMicros(clock) - clock.now();
  }

  now(): number {
    const wall = wallMicros(this.#clock);
    if (this.#clock.exact) return wall;
    const estimate = this.#clock.now() + this.#offset;
    if (estimate >= wall && estimate < wall + 1_000) return estimate;
    // The wall clock has the say: it was set, or the estimate is brought nearer by this reading.
    const known = estimate < wall ? wall : wall + 999;
    this.#offset += known - estimate;
    return known;
  }
}

function wallMicros(clock: Clock): number {
  return Math.round(clock.wall() * 1e3);
}
