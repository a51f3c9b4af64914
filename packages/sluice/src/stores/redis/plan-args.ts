/** A plan as the arguments of a script. */

import type { Costs } from "../../costs.ts";
import type { AnyLimit, PaceLimit, WindowLimit } from "../../limits/limit.ts";
import type { Plan, Rule } from "../../limits/plan.ts";
import {
  keptFor,
  KIND_CODES,
  numbersOf,
  type Reach,
  sentOf,
  twinsOf,
} from "../remote/plan-numbers.ts";
import { escape } from "./names.ts";
import type { Script } from "./scripts.ts";

/** What is sent of a plan. */
export interface PlanArgs {
  /** The kinds in it, for the choice of the script. */
  readonly kinds: string;
  /** Borders of calendar periods in them change with time. */
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
  const rules = sentOf(plan).map((i) => plan.rules[i]!);
  const ids = idsOf(rules);
  const args = keptFor(rules, (reach) => [
    String(rules.length),
    ...rules.flatMap(({ kind, shared, limit }, i) => {
      const numbers = numbersOf(limit, reach);
      if (limit.kind === "pace") numbers.push(pitchOf(limit));
      return [kind, ids[i]!, shared ? "1" : "0", ...numbers.map(String)];
    }),
  ]);
  return {
    kinds: [...new Set(rules.map(({ kind }) => kind))].sort().join(" "),
    quick: rules.length === 1 ? quickOf(rules[0]!, ids[0]!) : undefined,
    args,
  };
}

function quickOf({ limit, shared, costName }: Rule, id: string): Quick | undefined {
  if (shared || id.includes("~")) return undefined;
  if (limit.kind === "window") return quickWindow(limit, escape(costName));
  return limit.kind === "pace" ? quickPace(limit, escape(costName)) : undefined;
}

function quickWindow(limit: WindowLimit, name: string): Quick | undefined {
  const { most, widest, rates } = limit;
  // The time to live is the widest as it is sent: a number would first be written as a text.
  if (widest % 1e3 !== 0 || name.length > 255) return undefined;
  const least = Math.min(...rates.map(({ count }) => count));
  const all = rates.length === 1 ? [] : rates.flatMap(({ count, span }) => [count, span]);
  const args: Quick["args"] = (cost, maxWait) => {
    const usual = [most, widest / 1e3];
    const isUsual = cost === 1 && maxWait === 0 && name === "" && all.length === 0;
    return (isUsual ? usual : [...usual, cost, maxWait, name, ...all]).map(String);
  };
  return { kind: "window", most: least, args: remembered(args), pause: 0 };
}

function quickPace(limit: PaceLimit, name: string): Quick | undefined {
  const pitch = pitchOf(limit);
  if (pitch === 0) return undefined;
  const { micros, units, burst } = limit;
  const back = Math.floor((limit.catchUp * micros) / units);
  const args: Quick["args"] = (cost, maxWait) => {
    const usual = [pitch, micros, burst];
    const isUsual = cost === 1 && maxWait === 0 && back === 0 && units === 1 && name === "";
    return (isUsual ? usual : [...usual, cost, maxWait, back, units, name]).map(String);
  };
  return { kind: "pace", most: burst, args: remembered(args), pause: 0 };
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

/**
 * What states are called in a row: the kind, the cost's name, and the numbers by which it is counted,
 * where others of the same cost may be counted by others.
 */
function idsOf(rules: readonly Rule[]): string[] {
  const baseOf = ({ kind, costName, limit }: Rule): string =>
    `${KIND_CODES[kind]}${escape(costName)}=${shapeOf(limit)}`;
  const twins = twinsOf(rules, (rule) => `${rule.shared} ${baseOf(rule)}`);
  return rules.map((rule, i) => baseOf(rule) + (twins[i] === 0 ? "" : `~${twins[i]}`));
}

function shapeOf(limit: AnyLimit): string {
  switch (limit.kind) {
    case "pace":
      return `${limit.micros}/${limit.units}`;
    case "parts":
      return `${limit.parts},${limit.part},${limit.grain}`;
    case "quota":
      return typeof limit.period === "number"
        ? `${limit.period}/${limit.anchor}`
        : `${limit.period}@${limit.timeZone}`;
    default:
      return "";
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

/** Costs of the rules that are sent, one after the other. */
export function costArgs(plan: Plan, costs: readonly Costs[]): string[] {
  const sent = sentOf(plan);
  return costs.flatMap((each) => sent.map((rule) => String(each[rule])));
}

/** Whether all costs are the same, and taking many of them at one instant is taking their sum. */
export function areSame({ rules }: Plan, [first, ...others]: readonly Costs[]): boolean {
  if (!first || others.length === 0) return false;
  const isSame = (each: Costs): boolean =>
    each === first || each.every((units, i) => units === first[i]);
  if (!others.every(isSame)) return false;
  return rules.every(({ kind, limit }, i) => {
    if (limit.kind === "parts") return Number.isInteger(first[i]! / limit.grain);
    return first[i] === 0 || (kind !== "concurrency" && Number.isInteger(first[i]));
  });
}
