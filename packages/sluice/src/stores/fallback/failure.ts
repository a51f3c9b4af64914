/** Which errors mean that the store has failed, and which are answers of a sound one. */

import { SluiceError, StoreError, StoreUnavailableError } from "../../errors.ts";
import { formatMicros, show } from "../../time.ts";

/** Wrong costs, too many keys, limits of another kind: another store would say the same. */
export function isStoreFailure(error: unknown): boolean {
  if (!(error instanceof SluiceError)) return true;
  return error instanceof StoreError && error.code !== "LIMITS_CONFLICT";
}

export function isBusy(error: unknown): boolean {
  return error instanceof StoreError && error.code === "STORE_BUSY";
}

/** What a call that nobody can answer in the store's place is told while the circuit is open. */
export function leftAlone(name: string, wait: number, cause: unknown): StoreUnavailableError {
  const said = cause instanceof Error ? cause.message : String(cause);
  return new StoreUnavailableError(
    `the store of the limiter ${show(name)} failed again and again (last: ${said}) and is left alone for ${formatMicros(Math.ceil(wait))}; call again then, and look at the store.`,
    { cause },
  );
}
