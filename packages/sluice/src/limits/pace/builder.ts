import { InvalidOptionError } from "../../errors.ts";
import { show } from "../../time.ts";
import type { PaceLimit } from "../limit.ts";
import { parseRate, type RateText } from "../rate.ts";
import { type Costed, type LimitOptions, terms, wholeCount } from "../terms.ts";

/** Options of `pace`. */
export interface PaceOptions extends LimitOptions {
  /** How many units may pass at once after idling: a whole number from 1 to 10^9, default 1. */
  readonly burst?: number;
  /**
   * How many admissions that waiters missed, because timers came late or the event loop was
   * blocked, are made up for: a whole number from 0 to 10^9, default 0.
   */
  readonly catchUp?: number;
}

/** Below this interval an exact spacing makes no sense. */
const LEAST_INTERVAL = 10;

/**
 * Spacing of 1/rate: a unit every so often, with a `burst` after idling. At most
 * `burst - 1 + catchUp + ceil(rate * W)` in any span W; it is no promise of "N in any W", for which
 * there is `window`. Costs are any positive numbers up to the burst.
 *
 * @param rate - Such as `"5/s"` or `"100/1m"`; an interval of at least 10 µs.
 * @throws `INVALID_OPTION` for numbers that make no sense.
 * @example
 * const polite = createLimiter(pace("5/s", { burst: 10 }));
 */
export function pace<const O extends PaceOptions = PaceOptions>(
  rate: RateText,
  options: O = {} as O,
): PaceLimit & Costed<O> {
  const { count, span } = parseRate(rate);
  return paceOf(count, span, options) as PaceLimit & Costed<O>;
}

/** The same from numbers: `count` per `span` microseconds. */
export function paceOf(count: number, span: number, options: PaceOptions): PaceLimit {
  const { burst = 1, catchUp = 0 } = options;
  wholeCount(burst, "burst of a pace", 1e9, "It is how many may pass at once.");
  if (catchUp !== 0) wholeCount(catchUp, "catchUp of a pace", 1e9, "Use 0 for none.");
  if (!(span / count >= LEAST_INTERVAL)) {
    throw new InvalidOptionError(
      `a pace must leave at least 10 µs between units; ${count} per ${span} µs does not. Use window(count, span, { parts: 60 }) for such rates.`,
    );
  }
  const exact = terms("a pace", options, false);
  if (exact.defaultCost !== "required" && exact.defaultCost > burst) {
    throw new InvalidOptionError(
      `defaultCost of a pace must fit its burst of ${burst}; got ${show(exact.defaultCost)}.`,
    );
  }
  const interval = intervalOf(count, span, burst, catchUp);
  return Object.freeze({ kind: "pace", count, span, ...interval, burst, catchUp, ...exact });
}

type Interval = Pick<PaceLimit, "micros" | "units">;

/** The same pace with `margin` more microseconds in its span. */
export function paddedPace(limit: PaceLimit, margin: number): PaceLimit {
  const { count, span, burst, catchUp } = limit;
  return { ...limit, ...intervalOf(count, span + margin, burst, catchUp) };
}

/** Whole numbers whose products with the burst are exact. */
function intervalOf(count: number, span: number, burst: number, catchUp: number): Interval {
  const interval = reduce(count, span);
  if (interval.micros * Math.max(burst, catchUp) <= 2 ** 52) return interval;
  throw new InvalidOptionError(
    `a burst of ${burst} at ${count} per ${span} µs takes longer than can be counted; use a shorter span or a smaller burst.`,
  );
}

/** count / span as whole numbers without a common divisor: one unit takes micros / units. */
function reduce(count: number, span: number): Interval {
  let units = count;
  let micros = span;
  // A count such as 0.5 or 2.5 has a whole equivalent over a longer span.
  for (let i = 0; i < 9 && !isWhole(units); i++) {
    units *= 10;
    micros *= 10;
  }
  if (!isWhole(units) || micros > 2 ** 52) {
    throw new InvalidOptionError(
      `a pace of ${count} per ${span} µs has too many decimals; write it with a whole count over a longer span, such as "1/12d".`,
    );
  }
  units = Math.round(units);
  let [a, b] = [micros, units];
  while (b > 0) [a, b] = [b, a % b];
  return { micros: micros / a, units: units / a };
}

/** Whole but for the error of a decimal fraction. */
function isWhole(value: number): boolean {
  const whole = Math.round(value);
  return whole >= 1 && Math.abs(value - whole) <= whole * 2 ** -50;
}
