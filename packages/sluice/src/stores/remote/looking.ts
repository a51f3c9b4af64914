/** What `peek` asks of a script, and what it makes of the reply. */

import type { Costs } from "../../costs.ts";
import { capacityOf } from "../../limits/algorithm.ts";
import { type AnyLimit, type Earliest, isHeld, later } from "../../limits/limit.ts";
import type { Plan } from "../../limits/plan.ts";
import { shortestPeriod } from "../../limits/quota/calendar.ts";
import type { RuleView, View } from "../store.ts";

/** One rate of a rule, of whose earliest instant for `total` units a lower bound is asked for. */
interface Probe {
  readonly rule: number;
  readonly limit: AnyLimit;
  readonly total: number;
}

/** Numbers per probe in the reply: used, free again, the earliest instant, the period's end. */
const PER_PROBE = 4;

/** The rates of the rules that have state, in the order of the script. */
export function probesOf(plan: Plan, cost: Costs, ahead: Costs | undefined): Probe[] {
  return plan.rules.flatMap(({ limit }, rule) => {
    if (limit.kind === "unlimited" || limit.kind === "blocked") return [];
    const total = cost[rule]! + (ahead?.[rule] ?? 0);
    return ratesOf(limit).map((rate) => ({ rule, limit: rate, total }));
  });
}

/** The cost that the script is asked about. */
export function probed({ limit, total }: Probe): number {
  if (limit.kind === "concurrency" || limit.kind === "pace") {
    return Math.min(total, capacityOf(limit));
  }
  return limit.kind === "quota" ? total : total - wholes(limit, total) * capacityOf(limit);
}

export function viewOf(
  plan: Plan,
  cost: Costs,
  probes: readonly Probe[],
  [now, until, ownUntil, rule]: readonly [number, Earliest, Earliest, number],
  numbers: readonly number[],
  hasAhead: boolean,
): View {
  const rates: RuleView[][] = plan.rules.map(({ limit }) =>
    limit.kind === "unlimited" || limit.kind === "blocked" ? [{ used: 0, resetAt: now }] : [],
  );
  let forecast = until;
  probes.forEach((probe, i) => {
    const [used, resetAt, first, end] = numbers.slice(PER_PROBE * i, PER_PROBE * (i + 1)) as [
      number,
      number,
      number,
      number,
    ];
    rates[probe.rule]!.push({ used, resetAt });
    if (!hasAhead || cost[probe.rule] === 0) return;
    forecast = later(forecast, forecastOf(probe, used, first, end));
  });
  return { now, until, ownUntil, rule, rates, forecast };
}

/** What exceeds the capacity waits for whole refills: O(1), without a simulation. */
function forecastOf({ limit, total }: Probe, used: number, first: number, end: number): Earliest {
  if (limit.kind === "pace") {
    const more = Math.max(0, total - limit.burst);
    return first + Math.floor((more * limit.micros) / limit.units);
  }
  if (limit.kind === "quota") {
    const more = total - (limit.count - used);
    if (more <= 0) return first;
    return end + (Math.ceil(more / limit.count) - 1) * shortestPeriod(limit.period);
  }
  if (isHeld(first) || limit.kind === "concurrency") return first;
  const span = limit.kind === "window" ? limit.widest : limit.kind === "parts" ? limit.span : 0;
  return first + wholes(limit, total) * span;
}

/** How many times the capacity fits in before the rest. */
function wholes(limit: AnyLimit, total: number): number {
  return total === 0 ? 0 : Math.ceil(total / capacityOf(limit)) - 1;
}

function ratesOf(limit: AnyLimit): AnyLimit[] {
  if (limit.kind !== "window") return [limit];
  return limit.rates.map((rate) => ({
    ...limit,
    rates: [rate],
    most: rate.count,
    widest: rate.span,
  }));
}
