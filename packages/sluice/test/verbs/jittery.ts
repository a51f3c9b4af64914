/** A clock whose timers lie: up to 1 ms early, or late. */

import type { Clock } from "../../src/index.ts";

/** Numbers from 0 to below 1, the same for the same seed (a linear congruential generator). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

/** The clock with other timers: half of them up to 1 ms early, the others up to 20 ms late. */
export function jittery(clock: Clock, seed: number): Clock {
  const dice = random(seed);
  return {
    ...clock,
    setTimer: (ms, wake, idle) => {
      const shift = dice() < 0.5 ? -dice() : dice() * 20;
      return clock.setTimer(ms <= 0 ? 0 : Math.max(0, ms + shift), wake, idle);
    },
  };
}
