/** How callers wait for a store that several processes share. */

import type { BookedWaiting } from "../stores/store.ts";
import { type Duration, toMicros } from "../time.ts";
import { SharedLimiter } from "./shared-limiter.ts";

/** Options of `booked`. */
export interface BookedOptions {
  /**
   * How late after its instant whoever holds it may run; default 20 ms. Windows are padded by it, so a
   * window W is used at W / (W + grace).
   */
  readonly grace?: Duration;
  /** How far ahead waiters book instants; default 1 s. */
  readonly horizon?: Duration;
}

/**
 * The `waiting` of a store that several processes share, or whose answers are promises: instants are
 * booked ahead, and whoever holds one runs within the grace. A store without it is one that answers at
 * once and is this process's alone.
 *
 * @throws `INVALID_OPTION` for a negative grace, or a horizon of nothing.
 * @example
 * const store = { sync: false, waiting: booked({ grace: "20ms" }), open };
 */
export function booked(options: BookedOptions = {}): BookedWaiting {
  const { grace = "20ms", horizon = "1s" } = options;
  return {
    grace: toMicros(grace, "grace", 0),
    horizon: toMicros(horizon, "horizon"),
    limiter: (limits, settings) => new SharedLimiter(limits, settings),
  };
}
