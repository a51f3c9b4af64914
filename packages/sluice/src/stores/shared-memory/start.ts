/** A row that counts as used up when it begins. */

import * as algorithm from "../../limits/algorithm.ts";
import type { Moment } from "../../limits/limit.ts";
import type { Draft } from "./draft.ts";

/** Takes all there is at a moment; nothing without one, when rows start full. */
export function startUsed(draft: Draft, used: Moment | undefined): void {
  if (!used) return;
  draft.shape.parts.forEach(({ limit }, part) => {
    const place = draft.flat(part);
    algorithm.startUsed(limit, place, used);
    if (limit.kind === "window") draft.unflatten(part, place, limit);
  });
}
