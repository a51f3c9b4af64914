/** Ledgers without a limiter, on a client and a schema of the tests. */

import { type Clock, systemClock } from "../../src/clock.ts";
import { type PostgresClient, postgres, type PostgresOptions } from "../../src/stores/postgres.ts";
import type { Ledger } from "../../src/stores/store.ts";
import { scopeOf } from "../scope.ts";

export function ledgerOn(
  client: PostgresClient,
  options: PostgresOptions,
  name: string,
  clock: Clock = systemClock,
  onFreed: () => void = () => undefined,
): Ledger<false> {
  return postgres(client, options).open(scopeOf({ name, clock, onFreed }));
}
