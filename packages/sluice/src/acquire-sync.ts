/** Waiting by blocking the thread. */

import type { Clock } from "./clock.ts";
import {
  InvalidOptionError,
  LimitExceededError,
  StoreBusyError,
  WouldDeadlockError,
} from "./errors.ts";
import { Denial, type Grant } from "./permit.ts";
import { type Duration, show, toMicros } from "./time.ts";

/** How long to sleep before a look whether another process has released, in milliseconds. */
const LOOK_AGAIN = 5;

export interface Blocking {
  readonly timeout: Duration | undefined;
  /** Whether others than this thread may release what it waits for. */
  readonly elsewhere: boolean;
}

/** Attempts, and sleeps until the instant that the refusal names, until there is room. */
export function acquireBlocking(
  attempt: () => Grant | Denial,
  clock: Clock,
  { timeout, elsewhere }: Blocking,
): Grant {
  const most = timeout === undefined ? Number.POSITIVE_INFINITY : toMicros(timeout, "timeout", 0);
  const deadline = clock.now() + most;
  for (;;) {
    const answer = attemptUnlessBusy(attempt);
    if (answer.granted) return answer;
    const { limit, retryAfter } = answer;
    if (retryAfter === undefined && !elsewhere) {
      throw new WouldDeadlockError(
        `acquireSync() would wait for ${show(limit)}, which only code on this blocked thread can release; use acquire().`,
      );
    }
    const wait = Math.max(1, retryAfter ?? LOOK_AGAIN);
    if (clock.now() + wait * 1e3 > deadline) {
      throw new LimitExceededError(answer, "within the timeout");
    }
    sleep(clock, wait);
  }
}

function sleep(clock: Clock, ms: number): void {
  let why = "its clock has no sleepSync()";
  try {
    if (clock.sleepSync) return clock.sleepSync(ms);
  } catch (error) {
    why = String(error);
  }
  throw new InvalidOptionError(
    `acquireSync() cannot block this thread, as in the main one of a browser (${why}); use acquire().`,
  );
}

/** A store that others keep busy is asked again in a moment. */
function attemptUnlessBusy(attempt: () => Grant | Denial): Grant | Denial {
  try {
    return attempt();
  } catch (error) {
    if (error instanceof StoreBusyError) return new Denial("the store", 1);
    throw error;
  }
}
