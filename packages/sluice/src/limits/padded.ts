/**
 * Limits with every span longer by the spread between sending and arriving, or between an instant and
 * who runs at it: then whoever counts there sees the limit.
 */

import type { AnyLimit } from "./limit.ts";
import { paddedPace } from "./pace/builder.ts";

/** @param by - Microseconds. */
export function paddedLimit(limit: AnyLimit, by: number): AnyLimit {
  switch (limit.kind) {
    case "window":
      return {
        ...limit,
        rates: limit.rates.map(({ count, span }) => ({ count, span: span + by })),
        widest: limit.widest + by,
      };
    case "parts": {
      const span = limit.span + by;
      return { ...limit, span, part: Math.ceil(span / limit.parts) };
    }
    case "pace":
      return paddedPace(limit, by);
    case "quota":
      return { ...limit, guard: limit.guard + by };
    default:
      return limit;
  }
}
