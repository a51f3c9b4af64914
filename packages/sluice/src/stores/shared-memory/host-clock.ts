/**
 * The clock of a shared memory: microseconds since the epoch, the same for all threads and processes
 * of a host. It is the host's monotonic clock and one offset that is kept in the memory, so that
 * setting the wall clock moves nobody's limits.
 */

import { type Clock, hostMicros, systemClock } from "../../clock.ts";
import { type Blocks, PLAIN } from "./blocks.ts";
import { full } from "./full.ts";
import { AT_EPOCH, type Memory, UNIT } from "./layout.ts";
import { indexOf, next } from "./pair.ts";

/** A clock that was set back by more than this, in microseconds, is believed. */
export const MOST_BACK = 60_000_000;

/** How often the memory is looked at, in microseconds. */
const LOOK = 1_000_000;

/** The time as one ledger reads it; a class, so that the number need not be allocated. */
export class HostClock {
  readonly #clock: Clock;
  readonly #offset: number;
  readonly #check: (() => void) | undefined;
  #last = 0;
  #looked = Number.NEGATIVE_INFINITY;

  /** @param check - Throws when the memory is no longer the one that others use. */
  constructor(clock: Clock, epoch: number, check?: () => void) {
    this.#clock = clock;
    this.#offset = clock === systemClock ? epoch + ahead() : 0;
    this.#check = check;
  }

  /** Does not go back, unless it was set back by far. */
  now(): number {
    // With a clock that was handed in (in tests), its wall clock is the time.
    const now =
      this.#clock === systemClock
        ? Math.floor(systemClock.now() + this.#offset)
        : Math.round(this.#clock.wall() * 1e3);
    if (this.#check !== undefined && Math.abs(now - this.#looked) >= LOOK) {
      this.#check();
      this.#looked = now;
    }
    if (now > this.#last || now < this.#last - MOST_BACK) this.#last = now;
    return this.#last;
  }
}

/** By how much the host's clock is ahead of the system clock: the quickest of several looks. */
function ahead(): number {
  let best = Number.POSITIVE_INFINITY;
  let found = 0;
  for (let i = 0; i < 9; i++) {
    const before = hostMicros();
    const now = systemClock.now();
    const after = hostMicros();
    if (after - before >= best) continue;
    best = after - before;
    found = before - now;
  }
  return found;
}

/** The epoch on the host's clock since this boot: the first to ask for it in a boot sets it. */
export function epochOf(memory: Memory, blocks: Blocks, boot: number): number {
  const { words, numbers } = memory;
  for (;;) {
    const word = Atomics.load(words, AT_EPOCH);
    const unit = indexOf(word);
    if (unit !== 0 && numbers[unit * UNIT + 1] === boot) return numbers[unit * UNIT + 2]!;
    const made = blocks.take(PLAIN, 3);
    if (made === 0) throw full("the clock");
    numbers[made * UNIT + 1] = boot;
    numbers[made * UNIT + 2] = Math.round(systemClock.wall() * 1e3 - hostMicros());
    // The one before is not used again: a process that was just started may be reading it.
    if (Atomics.compareExchange(words, AT_EPOCH, word, next(word, made)) !== word) {
      blocks.give(made);
    }
  }
}
