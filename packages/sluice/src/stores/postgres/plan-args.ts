/** A plan as the numbers that the functions of the schema take: see row.sql. */

import type { AnyLimit } from "../../limits/limit.ts";
import type { Plan, Rule } from "../../limits/plan.ts";
import {
  idsOf,
  keptFor,
  KIND_CODES,
  numbersOf,
  type Reach,
  sentOf,
} from "../remote/plan-numbers.ts";
import { fnv } from "./names.ts";

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
  const sent = sentOf(plan);
  const rules = sent.map((i) => plan.rules[i]!);
  const ids = idsOf(rules, baseOf, 2 ** 46);
  const shape = shapeOf(plan.text);
  const text = keptFor(rules, (reach) => {
    const each = rules.flatMap(({ kind, shared, limit }, i) => {
      const numbers = numbersOf(limit, reach);
      return [KIND_CODES[kind], ids[i]!, shared ? 1 : 0, numbers.length, ...numbers];
    });
    return `{${[rules.length, plan.hasShared ? 1 : 0, shape, ...each].join(",")}}`;
  });
  return { sent, text };
}

/** 53 bits of a plan's text, and never 0. */
function shapeOf(text: string): number {
  return 1 + fnv(text) + 2 ** 32 * (fnv(text, 0x01234567) % 2 ** 20);
}

/** Kind, the numbers by which a state is read, and the cost: whoever has others has a state of his own. */
function baseOf({ kind, limit, costName }: Rule): number {
  const numbers = fnv(readBy(limit)) % 2 ** 22;
  return KIND_CODES[kind] * 2 ** 50 + numbers * 2 ** 24 + (fnv(costName) % 2 ** 24);
}

/** A ring and slots serve all numbers. */
function readBy(limit: AnyLimit): string {
  switch (limit.kind) {
    case "pace":
      return `${limit.micros}/${limit.units}`;
    case "parts":
      return `${limit.part} ${limit.parts} ${limit.grain}`;
    case "quota":
      return `${limit.period} ${limit.timeZone} ${limit.anchor}`;
    default:
      return "";
  }
}
