/** A store for a fleet, in Redis or Valkey, single or Cluster. */

import { InvalidOptionError } from "../../errors.ts";
import { booked, type BookedOptions } from "../../shared/booked.ts";
import { type Duration, show } from "../../time.ts";
import { connectionOf, type RedisClient, type RedisSubscriber } from "./client.ts";
import { RedisLedger } from "./ledger.ts";
import type { Store } from "../store.ts";

/** Options of `redis`. */
export interface RedisOptions extends BookedOptions {
  /** Put before the names of all keys; default `"sluice:"`. Without braces. */
  readonly prefix?: string;
  /** How far ahead waiters book, and in which time a `pause` elsewhere is heard of; default 1 s. */
  readonly horizon?: Duration;
  /**
   * A connection of its own, on which releases elsewhere are heard of at once; without it, who waits
   * for a slot looks again every 5 to 100 ms.
   */
  readonly subscriber?: RedisSubscriber;
}

/**
 * Keeps budgets in Redis 5 or later, or Valkey: limiters of the same name share one, wherever they run.
 * The time is the server's. Every decision is one call of a script.
 *
 * @param client - A connected client of the npm package `ioredis` or `redis`, single or Cluster. It
 *   stays yours: closing the limiter leaves it open.
 * @throws `INVALID_OPTION` for an unknown client or options that make no sense.
 * @example
 * const limiter = createLimiter("100/1m", { name: "api", store: redis(new Redis()) });
 */
export function redis(client: RedisClient, options: RedisOptions = {}): Store<false> {
  const { prefix = "sluice:", subscriber } = options;
  if (typeof prefix !== "string" || /[{}]/.test(prefix)) {
    throw new InvalidOptionError(
      `prefix must be a text without braces, which Redis Cluster would read; got ${show(prefix)}.`,
    );
  }
  const connection = connectionOf(client);
  const waiting = booked(options);
  const { horizon } = waiting;
  return {
    sync: false,
    waiting,
    open: (scope) => new RedisLedger(connection, scope, { prefix, horizon, subscriber }),
  };
}
