/** How many numbers the states take; those of rings and slots grow on demand. */

import type { Place } from "./algorithm.ts";
import * as slots from "./concurrency/concurrency.ts";
import type { AnyLimit, ConcurrencyLimit, WindowLimit } from "./limit.ts";
import * as pace from "./pace/pace.ts";
import * as quota from "./quota/quota.ts";
import * as parts from "./window/parts.ts";
import * as ring from "./window/ring.ts";

/** Whether a grown state has room for a commit at `now` or later, without looking far. */
export function fitsBy(
  kind: AnyLimit["kind"],
  limit: AnyLimit,
  cells: Float64Array,
  base: number,
  cost: number,
  now: number,
): boolean {
  return kind === "window"
    ? ring.fits(limit as WindowLimit, cells, base, cost, now)
    : slots.fits(limit as ConcurrencyLimit, cells, base, cost, now);
}

/** How many numbers a state needs for a commit at `now` or later: fixed but for rings and slots. */
export function roomFor(
  limit: AnyLimit,
  cells: Float64Array,
  base: number,
  cost: number,
  now: number,
): number {
  switch (limit.kind) {
    case "window":
      return ring.room(limit, cells, base, cost, now);
    case "concurrency":
      return slots.room(limit, cells, base, cost, now);
    default:
      return sizeOf(limit);
  }
}

/** Whether the state grows on demand; it starts with nothing then. */
export function grows(limit: AnyLimit): boolean {
  return limit.kind === "window" || limit.kind === "concurrency";
}

/** How many numbers the empty state takes. */
export function sizeOf(limit: AnyLimit): number {
  switch (limit.kind) {
    case "pace":
      return pace.PACE_SIZE;
    case "parts":
      return parts.size(limit);
    case "quota":
      return quota.QUOTA_SIZE;
    case "window":
      return ring.RING_HEADER;
    case "concurrency":
      return slots.SLOTS_HEADER;
    default:
      return 0;
  }
}

/** How many numbers a grown state has now. */
export function grownSize(limit: AnyLimit, { cells, base }: Place): number {
  return limit.kind === "window"
    ? ring.RING_HEADER + cells[base]!
    : slots.SLOTS_HEADER + 2 * cells[base]!;
}

/** Moves a growing state into a larger, zeroed place. */
export function moveTo(
  limit: AnyLimit,
  from: Float64Array,
  base: number,
  to: Float64Array,
  target: number,
  size: number,
): void {
  (limit.kind === "window" ? ring.move : slots.move)(from, base, to, target, size);
}
