import type { AnyLimit } from "sluice";

/** The part of what a margin leaves free that may be caught up; the rest is for jitter on the way. */
const PART = 3;

/**
 * What an even rate may make up for when timers are late or this process was busy, unless it says so
 * itself: without any it would lose each millisecond that it came late, thousands of times. A third
 * of the units that the margin leaves free in a window, so that no window has more than the rate
 * allows.
 *
 * @param margin - Milliseconds.
 */
export function withCatchUp(limit: AnyLimit, margin: number): AnyLimit {
  if (limit.kind !== "pace" || limit.catchUp > 0) return limit;
  const { count, span } = limit;
  const free = Math.floor(count - Math.ceil((count * span) / (span + margin * 1e3)));
  if (free < 1) return limit;
  return { ...limit, catchUp: Math.max(1, Math.floor(free / PART)) };
}
