/** A plan as the arguments of a script. */

import type { Costs } from "../../costs.ts";
import {
  type AnyLimit,
  DEFAULT_LEASE,
  type PaceLimit,
  type QuotaLimit,
} from "../../limits/limit.ts";
import type { Plan, Rule } from "../../limits/plan.ts";
import { bordersAt } from "../../limits/quota/borders.ts";
import type { Script } from "./scripts.ts";

/** How many borders of calendar periods travel at the most. */
const MOST_BORDERS = 64;
const HOUR = 3600e6;

/** The first digit of a rule's number. */
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
  /** The kinds in it, for the choice of the script. */
  readonly kinds: string;
  /** Whether borders of calendar periods must be added, which change with time. */
  readonly hasCalendar: boolean;
  args(reach: Reach): readonly string[];
  /** The script for one ask at a time, if there is one for the plan. */
  readonly quick: Quick | undefined;
}

/** A plan of one rule, for which there is a script of its own. */
export interface Quick {
  readonly kind: string;
  script?: Script;
  /** No cost above this. */
  readonly most: number;
  args(cost: number, maxWait: number): readonly string[];
  /** Asks to go until it is tried again: it does not suit the state of every key. */
  pause: number;
}

const known = new WeakMap<Plan, PlanArgs>();

export function planArgs(plan: Plan): PlanArgs {
  let found = known.get(plan);
  if (!found) {
    found = compilePlan(plan);
    known.set(plan, found);
  }
  return found;
}

function compilePlan(plan: Plan): PlanArgs {
  const rules = plan.rules.filter(({ kind }) => kind !== "unlimited");
  const ids = idsOf(rules);
  const hasCalendar = rules.some(({ limit }) => isCalendar(limit));
  const kinds = [...new Set(rules.map(({ kind }) => kind))].sort().join(" ");
  const args = (reach: Reach): string[] => [
    String(rules.length),
    ...rules.flatMap((rule, i) => [
      rule.kind,
      String(ids[i]),
      rule.shared ? "1" : "0",
      ...numbersOf(rule.limit, reach).map(String),
    ]),
  ];
  // Borders are the dear part of it: the same list serves while time stays within an hour.
  let made: { readonly hour: number; readonly to: number; readonly args: string[] } | undefined;
  return {
    kinds,
    hasCalendar,
    quick: rules.length === 1 ? quickOf(rules[0]!, ids[0]!) : undefined,
    args: ({ from, to }) => {
      const hour = hasCalendar ? Math.floor(from / HOUR) : 0;
      if (!made || made.hour !== hour || to > made.to) {
        const whole = { from: hour * HOUR, to: Math.max(to, (hour + 1) * HOUR) };
        made = { hour, to: hasCalendar ? whole.to : Number.POSITIVE_INFINITY, args: args(whole) };
      }
      return made.args;
    },
  };
}

function quickOf({ limit, shared }: Rule, id: number): Quick | undefined {
  if (shared) return undefined;
  const [kind, number] = [limit.kind, String(id)];
  if (limit.kind === "window") {
    const [most, widest, , ...rates] = numbersOf(limit, { from: 0, to: 0 }).map(String);
    const least = Math.min(...limit.rates.map(({ count }) => count));
    const others = limit.rates.length > 1 ? rates : [];
    const args: Quick["args"] = (cost, maxWait) =>
      [number, `${cost}`, `${maxWait}`, most!, widest!].concat(others);
    return { kind, most: least, args: remembered(args), pause: 0 };
  }
  const pitch = limit.kind === "pace" ? pitchOf(limit) : 0;
  if (limit.kind !== "pace" || pitch === 0 || id > 255) return undefined;
  const { micros, units, burst } = limit;
  const code = String(pitch * 256 + id);
  const back = Math.floor((limit.catchUp * micros) / units);
  const rest = units !== 1 ? [`${back}`, `${units}`] : back > 0 ? [`${back}`] : [];
  const args: Quick["args"] = (cost, maxWait) => {
    const work = Math.ceil(cost * micros);
    return [code, `${burst * micros - work}`, `${work}`, `${maxWait}`].concat(rest);
  };
  return { kind, most: burst, args: remembered(args), pause: 0 };
}

/** Most asks are like the one before. */
function remembered(args: Quick["args"]): Quick["args"] {
  let last: readonly string[] = [];
  let [lastCost, lastWait] = [Number.NaN, Number.NaN];
  return (cost, maxWait) => {
    if (cost === lastCost && maxWait === lastWait) return last;
    [last, lastCost, lastWait] = [args(cost, maxWait), cost, maxWait];
    return last;
  };
}

function isCalendar(limit: AnyLimit): limit is QuotaLimit {
  return limit.kind === "quota" && typeof limit.period === "string";
}

/**
 * What a state is called in a row: the kind, which of several of that kind, and eight bits of the
 * cost's name. The same limits in another order have the same numbers.
 */
function idsOf(rules: readonly Rule[]): number[] {
  const taken = new Map<number, Rule[]>();
  for (const rule of rules) {
    const base = baseOf(rule);
    taken.set(base, [...(taken.get(base) ?? []), rule]);
  }
  return rules.map((rule) => {
    const base = baseOf(rule);
    const twins = taken.get(base)!.map((each) => [textOf(each), each] as const);
    twins.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return base + 256 * (twins.findIndex(([, each]) => each === rule) % 16);
  });
}

function baseOf({ kind, costName }: Rule): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < costName.length; i++) {
    hash = Math.imul(hash ^ costName.charCodeAt(i), 0x01000193);
  }
  return KIND_CODES[kind] * 4096 + ((hash ^ (hash >>> 16)) & 0xff);
}

function textOf({ costName, limit }: Rule): string {
  return JSON.stringify([costName, limit]);
}

function numbersOf(limit: AnyLimit, reach: Reach): number[] {
  switch (limit.kind) {
    case "pace":
      return [limit.micros, limit.units, limit.burst, limit.catchUp, pitchOf(limit)];
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

/** The interval of a pace in 32 bits, 0 if it does not fit: see pace.lua. */
function pitchOf({ micros, units }: PaceLimit): number {
  let [mantissa, exponent] = [micros, 0];
  while (mantissa % 10 === 0 && exponent < 15) {
    mantissa /= 10;
    exponent++;
  }
  const fits = mantissa < 2 ** 20 && units < 2 ** 8;
  return fits ? mantissa * 4096 + exponent * 256 + units : 0;
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

/** Costs of the rules that are sent, one after the other. */
export function costArgs(plan: Plan, costs: readonly Costs[]): string[] {
  return costs.flatMap((each) =>
    each.filter((_, i) => plan.rules[i]!.kind !== "unlimited").map(String),
  );
}
