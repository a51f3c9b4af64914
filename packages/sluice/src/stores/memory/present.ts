/** The clock of the memory store: it never goes back. */

import type { Clock } from "../../clock.ts";
import { BlankMoment } from "../blank.ts";

/** The clock's first reading becomes this: states saved long before it have room below. */
const ORIGIN = 2 ** 50;

export class Present {
  /** The time of the decision at hand: one object, written anew for each. */
  readonly moment: BlankMoment = new BlankMoment();
  readonly #clock: Clock;
  /** The clock's last reading, and what was added to it because it went back. */
  #reading: number;
  #lag: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#reading = clock.now();
    this.#lag = ORIGIN - this.#reading;
    this.moment.wall = this.wall();
  }

  /** Reads the clock; one that goes back is taken to stand still and then to go on from there. */
  now(): number {
    const reading = this.#clock.now();
    if (reading < this.#reading) this.#setBack(reading);
    this.#reading = reading;
    return reading + this.#lag;
  }

  /** The same with the wall clock, where somebody looks at it; `since` is left as it was. */
  tick(withWall: boolean): BlankMoment {
    this.moment.now = this.now();
    if (withWall) this.moment.wall = this.wall();
    return this.moment;
  }

  /** Microseconds since the epoch. */
  wall(): number {
    return Math.round(this.#clock.wall() * 1e3);
  }

  #setBack(reading: number): void {
    this.#lag += this.#reading - reading;
  }
}
