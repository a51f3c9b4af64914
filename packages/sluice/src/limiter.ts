/** The one way to make a limiter. */

import type { Limiter } from "./limiter-surface.ts";
import type { LimitsInput } from "./limits/plan.ts";
import { LocalLimiter } from "./local-limiter.ts";
import type { LimiterOptions } from "./options.ts";
import { SharedLimiter } from "./shared/shared-limiter.ts";

/**
 * Makes a limiter.
 *
 * @param limits - One limit, a list of limits that share one cost, or a record of named ones.
 * @throws `INVALID_OPTION` for limits and options that make no sense.
 * @example
 * const github = createLimiter(["500/1h", "1000/1d"]);
 * await github.acquire(); // waits for its turn
 */
export function createLimiter<const L extends LimitsInput, Sync extends boolean = true>(
  limits: L,
  options: LimiterOptions<Sync> = {},
): Limiter<L, Sync> {
  const { store } = options;
  // A store that several processes share names the grace in which booked instants are kept.
  const limiter =
    store?.grace === undefined
      ? new LocalLimiter(limits, options as LimiterOptions<true>)
      : new SharedLimiter(limits, options);
  return limiter as unknown as Limiter<L, Sync>;
}
