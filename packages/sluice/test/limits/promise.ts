/** What every kind of limit promises, judged from admissions alone, in integers. */

import type { AnyLimit, ConcurrencyLimit, PaceLimit, QuotaLimit } from "../../src/limits/limit.ts";
import { worstWindow } from "../../src/testing/window-oracle.ts";
import { periodName } from "./period-name.ts";

/** One admission as it really went. */
export interface Admitted {
  /** When, on the store's clock. */
  readonly at: number;
  /** How much was really used. */
  readonly units: number;
  /** When its slots were given back; absent while they are held. */
  readonly until?: number;
}

/** Fractions of a unit are multiples of 1/64 in these tests. */
const FRACTION = 64;

/**
 * Says how the admissions break the promise of the limit; `undefined` when they keep it.
 *
 * @param wallOffset - What has to be added to an instant for microseconds since the epoch.
 * @param late - Whether waiters came late, so that a pace may have caught up.
 */
export function breach(
  limit: AnyLimit,
  admitted: readonly Admitted[],
  wallOffset = 0,
  late = true,
): string | undefined {
  const real = admitted.filter(({ units }) => units > 0);
  switch (limit.kind) {
    case "window":
      return firstOf(limit.rates, ({ count, span }) => overWindow(real, count, span));
    case "parts":
      return overWindow(real, limit.count, limit.span);
    case "pace":
      return overPace(limit, real, late ? limit.catchUp : 0);
    case "quota":
      return overQuota(limit, real, wallOffset);
    case "concurrency":
      return overSlots(limit, real);
    case "unlimited":
      return undefined;
    case "blocked":
      return real.length > 0 ? "blocked admitted something" : undefined;
  }
}

function firstOf<T>(
  items: readonly T[],
  judge: (item: T) => string | undefined,
): string | undefined {
  return items.map(judge).find((found) => found !== undefined);
}

function overWindow(
  admitted: readonly Admitted[],
  count: number,
  span: number,
): string | undefined {
  const worst = worstWindow(admitted, span);
  if (worst.units <= count) return undefined;
  return `${worst.units} of ${count} in ${span} µs from ${worst.from} to ${worst.to}`;
}

/**
 * At most `burst - 1 + catchUp + ceil(rate * W)` whole units in any half-open W. The fullest windows
 * of that kind begin at an admission and end just after one, so W is a little more than the time t
 * between them, where ceil(rate * W) = floor(rate * t) + 1: all W are tried by trying all pairs. With
 * fractional units the bound is burst + catchUp + rate * t.
 */
function overPace(
  limit: PaceLimit,
  admitted: readonly Admitted[],
  catchUp: number,
): string | undefined {
  const sorted = [...admitted].sort((a, b) => a.at - b.at);
  const [count, span, scale] = [wholeBig(limit.count), BigInt(limit.span), BigInt(FRACTION)];
  const atOnce = BigInt(limit.burst + catchUp) * scale;
  for (let first = 0; first < sorted.length; first++) {
    let sum = 0n;
    for (let last = first; last < sorted.length; last++) {
      sum += wholeBig(sorted[last]!.units * FRACTION);
      const time = BigInt(sorted[last]!.at - sorted[first]!.at);
      if ((sum - atOnce) * span > time * count * scale) {
        return `${Number(sum) / FRACTION} units from ${sorted[first]!.at} to ${sorted[last]!.at}`;
      }
    }
  }
  return undefined;
}

function wholeBig(value: number): bigint {
  return BigInt(value); // throws for a fraction: the oracle counts in integers
}

function overQuota(
  limit: QuotaLimit,
  admitted: readonly Admitted[],
  wallOffset: number,
): string | undefined {
  const sums = new Map<string, number>();
  for (const { at, units } of admitted) {
    const name = periodName(limit, at + wallOffset);
    sums.set(name, (sums.get(name) ?? 0) + units);
  }
  const over = [...sums].find(([, sum]) => sum > limit.count);
  return over && `${over[1]} of ${limit.count} in the period ${over[0]}`;
}

/** A slot is taken until its cooldown after the release, or after the end of its lease. */
function overSlots(limit: ConcurrencyLimit, admitted: readonly Admitted[]): string | undefined {
  const changes = admitted.flatMap(({ at, units, until = Number.POSITIVE_INFINITY }) => {
    const lost = limit.lease === 0 ? until : Math.min(until, at + limit.lease);
    return [
      { at, by: units },
      { at: lost + limit.cooldown, by: -units },
    ];
  });
  changes.sort((a, b) => a.at - b.at || a.by - b.by);
  let taken = 0;
  for (const { at, by } of changes) {
    taken += by;
    if (taken > limit.slots) return `${taken} of ${limit.slots} slots at ${at}`;
  }
  return undefined;
}
