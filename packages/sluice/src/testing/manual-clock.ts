/** A clock that moves only when it is told to: tests neither sleep nor have a tolerance. */

import type { Clock } from "../clock.ts";
import { Heap } from "../heap.ts";
import { type Duration, toMicros } from "../time.ts";

/** A clock for tests. */
export interface ManualClock extends Clock {
  /**
   * Moves time on, and fires the timers on the way, each at its own time and with everything that
   * follows from it (promises included) before the next.
   */
  advance(duration: Duration): Promise<void>;
  /** Moves time on without firing anything: a blocked event loop. */
  block(duration: Duration): void;
  /** Sets the monotonic clock back, which a sound one never does. */
  stepBack(duration: Duration): void;
  /** Sets the wall clock, which may jump. */
  setWall(date: Date | number): void;
  /** How many timers are armed; `idle` ones apart. */
  timers(): { readonly active: number; readonly idle: number };
}

interface Timer {
  readonly wake: () => void;
  readonly idle: boolean;
  live: boolean;
}

/** What a `manualClock` starts with. */
export interface ManualClockOptions {
  /** Microseconds; default 0. */
  readonly now?: number;
  /** The wall clock's date at the start; default 2026-01-01. */
  readonly wall?: Date | number;
}

/**
 * Makes a clock that stands still.
 *
 * @example
 * const clock = manualClock();
 * const limiter = createLimiter("1/s", { clock });
 * limiter.tryAcquire();
 * const second = limiter.acquire();
 * await clock.advance("1s");
 * await second;
 */
export function manualClock(options: ManualClockOptions = {}): ManualClock {
  let now = options.now ?? 0;
  let wallOffset = Number(options.wall ?? Date.UTC(2026, 0, 1)) - now / 1e3;
  const heap = new Heap<Timer>();
  let armed = 0;
  const live = { active: 0, idle: 0 };

  const drop = (timer: Timer): void => {
    if (!timer.live) return;
    timer.live = false;
    live[timer.idle ? "idle" : "active"]--;
  };
  const advance = async (duration: Duration): Promise<void> => {
    const end = now + toMicros(duration, "the advance", 0);
    await settle();
    for (;;) {
      while (heap.size > 0 && !heap.peek()!.live) heap.pop();
      const due = heap.least;
      if (due > end) break;
      const timer = heap.pop()!;
      if (due > now) now = due;
      drop(timer);
      timer.wake();
      await settle();
    }
    if (end > now) now = end;
    await settle();
  };

  return {
    exact: true,
    now: () => now,
    wall: () => now / 1e3 + wallOffset,
    setTimer: (ms, wake, idle = false) => {
      const timer: Timer = { wake, idle, live: true };
      live[idle ? "idle" : "active"]++;
      heap.push(now + Math.max(0, Math.ceil(ms * 1e3)), timer, ++armed);
      return () => drop(timer);
    },
    sleepSync: (ms) => {
      now += Math.ceil(ms * 1e3);
    },
    advance,
    block: (duration) => {
      now += toMicros(duration, "the block", 0);
    },
    stepBack: (duration) => {
      now -= toMicros(duration, "the step", 0);
    },
    setWall: (date) => {
      wallOffset = Number(date) - now / 1e3;
    },
    timers: () => ({ ...live }),
  };
}

/** Lets everything run that promises have in store: a macrotask comes after all microtasks. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      channel.port1.close();
      resolve();
    };
    channel.port2.postMessage(0);
  });
}
