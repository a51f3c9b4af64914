/** The one way to make a limiter. */

import { InvalidOptionError } from "./errors.ts";
import type { Limiter } from "./limiter-surface.ts";
import type { LimitsInput } from "./limits/plan.ts";
import { LocalLimiter } from "./local-limiter.ts";
import type { LimiterOptions } from "./options.ts";
import type { Store } from "./stores/store.ts";

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
  if (store !== undefined) checkStore(store);
  const limiter =
    store?.waiting === undefined
      ? new LocalLimiter(limits, options as LimiterOptions<true>)
      : store.waiting.limiter(limits, options);
  return limiter as unknown as Limiter<L, Sync>;
}

/** What was given is not shown: a client of a database knows its password. */
function checkStore(store: Store): void {
  if (typeof store?.open !== "function") {
    throw new InvalidOptionError(
      'store must be what a store\'s function returns, such as redis(client) of "sluice/redis"; got something without open().',
    );
  }
  if (!store.sync && typeof store.waiting?.limiter !== "function") {
    throw new InvalidOptionError(
      'a store whose answers are promises (sync: false) needs waiting: booked() of "sluice/store"; this one has none.',
    );
  }
}
