/** A plan as numbers, for stores whose server decides: scripts and functions are given them in this order. */

import { type AnyLimit, DEFAULT_LEASE, type QuotaLimit } from "../../limits/limit.ts";
import type { Plan, Rule } from "../../limits/plan.ts";
import { bordersAt } from "../../limits/quota/borders.ts";

/** How many borders of calendar periods travel at the most. */
const MOST_BORDERS = 64;
const HOUR = 3600e6;

/** The first part of a state's number. */
export const KIND_CODES: Readonly<Record<AnyLimit["kind"], number>> = {
  pace: 0,
  window: 1,
  parts: 2,
  quota: 3,
  concurrency: 4,
  blocked: 5,
  unlimited: 6,
};

/** The instants that borders of periods must surround, in microseconds since the epoch. */
export interface Reach {
  readonly from: number;
  readonly to: number;
}

/** The rules that are sent, by their index in the plan: all but those that let everything pass. */
export function sentOf(plan: Plan): number[] {
  return plan.rules.flatMap(({ kind }, i) => (kind === "unlimited" ? [] : [i]));
}

/**
 * What `make` makes of a reach, kept while that serves: borders of calendar periods are the dear part
 * of a plan, and without them nothing changes with time.
 */
export function keptFor<T>(rules: readonly Rule[], make: (reach: Reach) => T): (reach: Reach) => T {
  const hasCalendar = rules.some(({ limit }) => isCalendar(limit));
  return keptForHours(hasCalendar, make);
}

/** The same for what has borders of its own. */
export function keptForHours<T>(
  hasCalendar: boolean,
  make: (reach: Reach) => T,
): (reach: Reach) => T {
  let made: { readonly hour: number; readonly to: number; readonly of: T } | undefined;
  return ({ from, to }) => {
    const hour = hasCalendar ? Math.floor(from / HOUR) : 0;
    if (!made || made.hour !== hour || to > made.to) {
      const whole = { from: hour * HOUR, to: Math.max(to, (hour + 1) * HOUR) };
      made = { hour, to: hasCalendar ? whole.to : Number.POSITIVE_INFINITY, of: make(whole) };
    }
    return made.of;
  };
}

/**
 * What states are called in a row: the kind and the name of the cost, which are the `base` of a rule,
 * and which of several of these, in steps of `step`. The same limits in another order have the same
 * numbers.
 */
export function idsOf(
  rules: readonly Rule[],
  baseOf: (rule: Rule) => number,
  step: number,
): number[] {
  const twins = twinsOf(rules, baseOf);
  return rules.map((rule, i) => baseOf(rule) + step * (twins[i]! % 16));
}

/** Which each rule is of those that have the same base, in whatever order they come. */
export function twinsOf(rules: readonly Rule[], baseOf: (rule: Rule) => unknown): number[] {
  return rules.map((rule) => {
    const base = baseOf(rule);
    const twins = rules.filter((each) => baseOf(each) === base);
    const texts = twins.map((each) => [JSON.stringify([each.costName, each.limit]), each] as const);
    texts.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return texts.findIndex(([, each]) => each === rule);
  });
}

/** The numbers of one limit. */
export function numbersOf(limit: AnyLimit, reach: Reach): number[] {
  switch (limit.kind) {
    case "pace":
      return [limit.micros, limit.units, limit.burst, limit.catchUp];
    case "window": {
      const rates = limit.rates.flatMap(({ count, span }) => [count, span]);
      return [limit.most, limit.widest, limit.rates.length, ...rates];
    }
    case "parts":
      return [limit.count, limit.parts, limit.part, limit.grain, limit.span];
    case "concurrency":
      return [limit.slots, limit.cooldown, limit.lease || DEFAULT_LEASE];
    case "quota": {
      if (typeof limit.period === "number") {
        return [limit.count, limit.guard, limit.period, limit.anchor, 0];
      }
      const borders = bordersOf(limit, reach);
      return [limit.count, limit.guard, 0, 0, borders.length, ...borders];
    }
    default:
      return [];
  }
}

function isCalendar(limit: AnyLimit): limit is QuotaLimit {
  return limit.kind === "quota" && typeof limit.period === "string";
}

/** From the start of the period before the reach to the end of the one after it. */
export function bordersOf(limit: QuotaLimit, { from, to }: Reach): number[] {
  const first = bordersAt(limit, from);
  const borders = [bordersAt(limit, first.start - 1).start, first.start];
  for (let at = first.end; borders.length < MOST_BORDERS; at = bordersAt(limit, at).end) {
    borders.push(at);
    if (borders.at(-2)! > to && borders.at(-3)! > to) break;
  }
  return borders;
}
