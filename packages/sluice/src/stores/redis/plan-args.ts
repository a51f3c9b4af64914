/** A plan as the arguments of a script. */

import type { Costs } from "../../costs.ts";
import type { PaceLimit } from "../../limits/limit.ts";
import type { Plan, Rule } from "../../limits/plan.ts";
import {
  idsOf,
  keptFor,
  KIND_CODES,
  numbersOf,
  type Reach,
  sentOf,
} from "../remote/plan-numbers.ts";
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
  // Eight bits of the cost's name.
  const ids = idsOf(rules, baseOf, 256);
  const args = keptFor(rules, (reach) => [
    String(rules.length),
    ...rules.flatMap(({ kind, shared, limit }, i) => {
      const numbers = numbersOf(limit, reach);
      if (limit.kind === "pace") numbers.push(pitchOf(limit));
      return [kind, String(ids[i]), shared ? "1" : "0", ...numbers.map(String)];
    }),
  ]);
  return {
    kinds: [...new Set(rules.map(({ kind }) => kind))].sort().join(" "),
    quick: rules.length === 1 ? quickOf(rules[0]!, ids[0]!) : undefined,
    args,
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

function baseOf({ kind, costName }: Rule): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < costName.length; i++) {
    hash = Math.imul(hash ^ costName.charCodeAt(i), 0x01000193);
  }
  return KIND_CODES[kind] * 4096 + ((hash ^ (hash >>> 16)) & 0xff);
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
