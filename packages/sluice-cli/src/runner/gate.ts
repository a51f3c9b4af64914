/** The limiter of a job: its limits over all workers and those of each worker in one. */

import { type Clock, createLimiter, type Duration } from "sluice";
import { withCatchUp } from "./catch-up.ts";
import { carryOver, type NamedLimits, type SavedGate } from "./carry-over.ts";
import { millisOf } from "./duration.ts";
import { gateLimitsOf } from "./gate-limits.ts";
import type { JobLimits } from "./job-options.ts";
import type { Gate } from "./parts.ts";

export type { NamedLimits };

export interface GateOptions {
  /** Over all workers. */
  readonly limits: JobLimits | undefined;
  /** In each worker. */
  readonly perWorker: JobLimits | undefined;
  /** How many workers there are. */
  readonly slots: number;
  readonly margin: Duration;
  readonly clock: Clock;
}

export interface OpenGate extends Gate, AsyncDisposable {
  /** The store that holds its state, as messages call it; undefined for the memory of this process. */
  readonly store: string | undefined;
  /** Milliseconds of the shortest window that the rates are counted in, 0 when there is none. */
  readonly windowMs: number;
  /** The limits as texts, those of each worker with "per worker". */
  readonly allowed: string;
  /** The limits by the names that they bind under. */
  readonly limits: NamedLimits;
  readonly margin: Duration;
  /** Whether anything is limited. */
  readonly rated: boolean;
  /** The limit that the next row of a slot waits for; undefined when it would pass. */
  binding(slot?: number): string | undefined;
  /** Undefined where a store has the state. */
  snapshot(): SavedGate | undefined;
  /**
   * Goes on from a snapshot, if there is one; rows started since then are charged now. A store knows
   * of both.
   */
  restore(saved: SavedGate | undefined, started: number): Promise<void>;
}

/**
 * One limiter that holds all limits at once; a slot is a key of it.
 *
 * @throws what the library says of a rate or a margin that makes no sense.
 */
export function openGate({ limits, perWorker, slots, margin, clock }: GateOptions): OpenGate {
  const { shared, own, rated, windowMs } = gateLimitsOf(limits, perWorker);
  const every = lenient({ ...shared, ...own }, margin);
  const keys = Array.from({ length: slots }, (_, slot) => `worker ${slot}`);
  const limiter = createLimiter(every, { name: "job", margin, clock });
  return {
    acquire: (options) => limiter.acquire(options),
    pause: (ms) => limiter.pause(ms),
    store: undefined,
    windowMs,
    allowed: Object.keys(every).join(", "),
    limits: every,
    margin,
    rated,
    binding: (slot = 0) => limiter.explain({ key: `worker ${slot}` }).limit,
    snapshot: () => ({ ...limiter.snapshot(), limits: every, margin }),
    restore: (saved, started) =>
      carryOver({ limiter, limits: every, margin, clock, keys }, saved, started),
    [Symbol.asyncDispose]: () => limiter[Symbol.asyncDispose](),
  };
}

/** Even rates make up for what they miss, as far as the margin leaves room for it. */
function lenient(limits: NamedLimits, margin: Duration): NamedLimits {
  const ms = millisOrNone(margin);
  return Object.fromEntries(
    Object.entries(limits).map(([name, limit]) => [name, withCatchUp(limit, ms)]),
  );
}

/** What makes no sense is told when the limiter is made. */
function millisOrNone(margin: Duration): number {
  try {
    return millisOf(margin, "margin");
  } catch {
    return 0;
  }
}
