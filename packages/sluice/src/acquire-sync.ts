/** Waiting by blocking the thread. */

import type { Clock } from "./clock.ts";
import { InvalidOptionError, LimitExceededError, WouldDeadlockError } from "./errors.ts";
import type { Denial, Grant } from "./permit.ts";
import { type Duration, show, toMicros } from "./time.ts";

/** Attempts, and sleeps until the instant that the refusal names, until there is room. */
export function acquireBlocking(
  attempt: () => Grant | Denial,
  clock: Clock,
  timeout: Duration | undefined,
): Grant {
  const most = timeout === undefined ? Number.POSITIVE_INFINITY : toMicros(timeout, "timeout", 0);
  const deadline = clock.now() + most;
  for (;;) {
    const answer = attempt();
    if (answer.granted) return answer;
    const { limit, retryAfter } = answer;
    if (retryAfter === undefined) {
      throw new WouldDeadlockError(
        `acquireSync() would wait for ${show(limit)}, which only code on this blocked thread can release; use acquire().`,
      );
    }
    const wait = Math.max(1, retryAfter);
    if (clock.now() + wait * 1e3 > deadline) {
      throw new LimitExceededError(
        answer,
        `${show(limit)} has no room within the timeout, for at least ${retryAfter} ms.`,
      );
    }
    if (!clock.sleepSync) {
      throw new InvalidOptionError(
        "acquireSync() needs a clock with sleepSync(); this one has none.",
      );
    }
    clock.sleepSync(wait);
  }
}
