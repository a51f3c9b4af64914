import { InvalidOptionError } from "../../errors.ts";
import { type Duration, show, toMicros } from "../../time.ts";
import type { PartsLimit, WindowLimit } from "../limit.ts";
import { type Costed, type LimitOptions, NOT_ZERO, terms, wholeCount } from "../terms.ts";

/** Options of `window`. */
export interface WindowOptions extends LimitOptions {
  /**
   * Remembers one sum for each of so many parts of the window (2 to 10,000), and not when each
   * admission was: for large counts and costs. What was taken is free again up to one part late.
   */
  readonly parts?: number;
}

/** How many instants an exact window remembers at the most: 80 MB a key. */
const MOST_INSTANTS = 10_000_000;

/**
 * Never more than `count` in **any** window of the given length. `"100/1m"` is short for it.
 *
 * Costs are whole numbers; with `parts`, any positive ones.
 *
 * @param count - How many, a whole number from 1 to 10,000,000; with `parts`, any number above 0 and at
 *   most 2^50.
 * @param span - How long the window is: milliseconds, or a text such as `"1m"`.
 * @throws `INVALID_OPTION` for numbers that make no sense.
 * @example
 * const limiter = createLimiter({
 *   requests: window(500, "1m"),
 *   tokens: window(200_000, "1m", { parts: 60, defaultCost: "required" }),
 * });
 */
export function window<const O extends WindowOptions = WindowOptions>(
  count: number,
  span: Duration,
  options: O = {} as O,
): (WindowLimit | PartsLimit) & Costed<O> {
  const micros = toMicros(span, "the length of a window");
  const limit =
    options.parts === undefined ? exact(count, micros, options) : inParts(count, micros, options);
  return Object.freeze(limit) as (WindowLimit | PartsLimit) & Costed<O>;
}

function exact(count: number, span: number, options: WindowOptions): WindowLimit {
  wholeCount(
    count,
    "the count of an exact window",
    MOST_INSTANTS,
    typeof count === "number" && count > MOST_INSTANTS
      ? "For more, give the window `parts`."
      : NOT_ZERO,
  );
  return {
    kind: "window",
    rates: [{ count, span }],
    most: count,
    widest: span,
    ...terms("a window", options, true),
  };
}

function inParts(count: number, span: number, options: WindowOptions): PartsLimit {
  const parts = wholeCount(options.parts as number, "parts of a window", 10_000, "60 suits most.");
  if (parts < 2) throw new InvalidOptionError("parts of a window must be 2 or more; got 1.");
  if (!(typeof count === "number" && count > 0 && count <= 2 ** 50)) {
    throw new InvalidOptionError(
      `the count of a window in parts must be above 0 and at most 2^50; got ${show(count)}. ${NOT_ZERO}`,
    );
  }
  return {
    kind: "parts",
    count,
    span,
    parts,
    part: Math.ceil(span / parts),
    grain: grainOf(count),
    ...terms("a window", options, false),
  };
}

/** The power of two in whose multiples all sums up to `count` are exact. */
export function grainOf(count: number): number {
  return 2 ** (Math.ceil(Math.log2(count)) - 50);
}
