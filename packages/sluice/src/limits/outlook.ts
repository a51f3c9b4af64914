/** What a look sees of one state: how much is used, when it is free, when those in a queue may pass. */

import { capacityOf, earliestOf, idleFrom, type Place, usedOf } from "./algorithm.ts";
import {
  type AnyLimit,
  type Earliest,
  isHeld,
  later,
  type Moment,
  type QuotaLimit,
} from "./limit.ts";
import { shortestPeriod } from "./quota/calendar.ts";
import { resetAt } from "./quota/quota.ts";

export interface RateLook {
  readonly used: number;
  /** In microseconds; Infinity while slots are held. */
  readonly resetAt: number;
}

/** Each rate as if it were alone: what is used of it, and when all of it is free again. */
export function ratesOf(limit: AnyLimit, place: Place, moment: Moment): RateLook[] {
  const each = limit.kind === "window" ? limit.rates.map((rate) => single(limit, rate)) : [limit];
  return each.map((one) => ({
    used: usedOf(one, place, moment),
    resetAt: Math.max(moment.now, idleFrom(one, place, moment)),
  }));
}

function single(
  limit: Extract<AnyLimit, { kind: "window" }>,
  rate: { readonly count: number; readonly span: number },
): AnyLimit {
  return { ...limit, rates: [rate], most: rate.count, widest: rate.span };
}

/**
 * A lower bound for when the last of `total` units may pass: what exceeds the capacity waits for
 * whole refills. O(1), without a simulation.
 */
export function forecastOf(limit: AnyLimit, place: Place, total: number, moment: Moment): Earliest {
  const { cells, base } = place;
  if (limit.kind === "window") {
    return limit.rates
      .map((rate) => cycles(single(limit, rate), place, total, rate.span, moment))
      .reduce(later);
  }
  if (limit.kind === "pace") {
    const first = earliestOf(limit, cells, base, Math.min(total, limit.burst), moment);
    return first + Math.floor((Math.max(0, total - limit.burst) * limit.micros) / limit.units);
  }
  if (limit.kind === "concurrency") {
    return earliestOf(limit, cells, base, Math.min(total, limit.slots), moment);
  }
  if (limit.kind === "parts") return cycles(limit, place, total, limit.span, moment);
  if (limit.kind === "quota") return periods(limit, place, total, moment);
  return earliestOf(limit, cells, base, total, moment);
}

/** What does not fit into the period that counts waits for its end, and then for whole ones. */
function periods(limit: QuotaLimit, place: Place, total: number, moment: Moment): Earliest {
  const more = total - (limit.count - usedOf(limit, place, moment));
  if (more <= 0) return earliestOf(limit, place.cells, place.base, total, moment);
  const whole = Math.ceil(more / limit.count) - 1;
  return resetAt(limit, place.cells, place.base, moment) + whole * shortestPeriod(limit.period);
}

function cycles(
  limit: AnyLimit,
  { cells, base }: Place,
  total: number,
  period: number,
  moment: Moment,
): Earliest {
  const capacity = capacityOf(limit);
  const whole = capacity === Number.POSITIVE_INFINITY ? 0 : Math.ceil(total / capacity) - 1;
  const rest = total - whole * capacity || 0;
  const first = earliestOf(limit, cells, base, whole > 0 ? rest : total, moment);
  return isHeld(first) ? first : first + whole * period;
}
