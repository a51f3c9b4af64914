/** A plan as the numbers that the functions of the schema take: see row.sql. */

import { type AnyLimit, DEFAULT_LEASE, type QuotaLimit } from "../../limits/limit.ts";
import type { Plan, Rule } from "../../limits/plan.ts";
import { bordersAt } from "../../limits/quota/borders.ts";
import { fnv } from "./names.ts";

/** How many borders of calendar periods travel at the most. */
const MOST_BORDERS = 64;
const HOUR = 3600e6;

/** The first part of a state's number. */
const KIND_CODES: Readonly<Record<AnyLimit["kind"], number>> = {
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

/** What is sent of a plan. */
export interface PlanArgs {
  /** The rules that are sent, by their index in the plan: all but those that let everything pass. */
  readonly sent: readonly number[];
  /** An array as PostgreSQL writes it; borders of calendar periods in it change with time. */
  text(reach: Reach): string;
}

const known = new WeakMap<Plan, PlanArgs>();

export function planArgs(plan: Plan): PlanArgs {
  let found = known.get(plan);
  if (!found) known.set(plan, (found = argsOf(plan)));
  return found;
}

function argsOf(plan: Plan): PlanArgs {
  const rules = plan.rules.filter(({ kind }) => kind !== "unlimited");
  const ids = idsOf(rules);
  const hasCalendar = rules.some(({ limit }) => isCalendar(limit));
  const shape = shapeOf(plan.text);
  const write = (reach: Reach): string => {
    const each = rules.flatMap(({ kind, shared, limit }, i) => {
      const numbers = numbersOf(limit, reach);
      return [KIND_CODES[kind], ids[i]!, shared ? 1 : 0, numbers.length, ...numbers];
    });
    return `{${[rules.length, plan.hasShared ? 1 : 0, shape, ...each].join(",")}}`;
  };
  // Borders are the dear part of it: the same list serves while time stays within an hour.
  let made: { readonly hour: number; readonly to: number; readonly text: string } | undefined;
  return {
    sent: plan.rules.flatMap(({ kind }, i) => (kind === "unlimited" ? [] : [i])),
    text: ({ from, to }) => {
      const hour = hasCalendar ? Math.floor(from / HOUR) : 0;
      if (!made || made.hour !== hour || to > made.to) {
        const whole = { from: hour * HOUR, to: Math.max(to, (hour + 1) * HOUR) };
        made = { hour, to: hasCalendar ? whole.to : Number.POSITIVE_INFINITY, text: write(whole) };
      }
      return made.text;
    },
  };
}

/** 53 bits of a plan's text, and never 0. */
function shapeOf(text: string): number {
  return 1 + fnv(text) + 2 ** 32 * (fnv(text, 0x01234567) % 2 ** 20);
}

function isCalendar(limit: AnyLimit): limit is QuotaLimit {
  return limit.kind === "quota" && typeof limit.period === "string";
}

/**
 * What a state is called in a row: the kind, which of several of that kind, and 32 bits of the cost's
 * name. The same limits in another order have the same numbers.
 */
function idsOf(rules: readonly Rule[]): number[] {
  return rules.map((rule) => {
    const base = baseOf(rule);
    const twins = rules.filter((each) => baseOf(each) === base);
    const texts = twins.map((each) => [JSON.stringify(each.limit), each] as const);
    texts.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return base + 2 ** 32 * (texts.findIndex(([, each]) => each === rule) % 16);
  });
}

function baseOf({ kind, costName }: Rule): number {
  return KIND_CODES[kind] * 2 ** 36 + fnv(costName);
}

function numbersOf(limit: AnyLimit, reach: Reach): number[] {
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

/** From the start of the period before the reach to the end of the one after it. */
function bordersOf(limit: QuotaLimit, { from, to }: Reach): number[] {
  const first = bordersAt(limit, from);
  const borders = [bordersAt(limit, first.start - 1).start, first.start];
  for (let at = first.end; borders.length < MOST_BORDERS; at = bordersAt(limit, at).end) {
    borders.push(at);
    if (borders.at(-2)! > to && borders.at(-3)! > to) break;
  }
  return borders;
}
