/** The two limits that have no number: never written as 0 or Infinity. */

import type { BlockedLimit, UnlimitedLimit } from "./limit.ts";

/** Everything passes: no limit, said on purpose. */
export const unlimited: UnlimitedLimit & { readonly defaultCost: number } = Object.freeze({
  kind: "unlimited",
  per: "key",
  defaultCost: 1,
});

/** Nothing passes until `setLimits` gives another limit; who waits, waits for that. */
export const blocked: BlockedLimit & { readonly defaultCost: number } = Object.freeze({
  kind: "blocked",
  per: "key",
  defaultCost: 1,
});
