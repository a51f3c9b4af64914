/** Several limits at once, per key and per limiter, and what is done with them. */

import fc from "fast-check";
import type { AnyLimit } from "../../src/limits/limit.ts";
import {
  exactWindows,
  fixedQuotas,
  joinedWindows,
  paces,
  partsWindows,
  slots,
} from "./limit-arbitraries.ts";

/** A record of one to three limits. */
export type Mix = Readonly<Record<string, AnyLimit>>;

function mixOf(limits: fc.Arbitrary<AnyLimit>, most: number): fc.Arbitrary<Mix> {
  const scoped = fc
    .tuple(limits, fc.constantFrom("key", "key", "limiter"))
    .map(([limit, per]) => ({ ...limit, per }) as AnyLimit);
  return fc
    .array(scoped, { minLength: 1, maxLength: most, size: "max" })
    .map((each) => Object.fromEntries(each.map((limit, i) => ["abc"[i]!, limit])));
}

const timed = fc.oneof(exactWindows, joinedWindows, partsWindows, paces, fixedQuotas);

/** Limits that give room as time goes by. */
export const timedMixes: fc.Arbitrary<Mix> = mixOf(timed, 3);

/** The same and slots. */
export const mixes: fc.Arbitrary<Mix> = mixOf(fc.oneof({ weight: 4, arbitrary: timed }, slots), 3);

/** One thing that happens to a ledger, in numbers that mean something only together with a plan. */
export interface Deed {
  readonly kind: number;
  readonly key: string;
  /** One for each rule, modulo its capacity and one more. */
  readonly costs: readonly number[];
  readonly gap: number;
  readonly fraction: number;
}

export const deeds: fc.Arbitrary<Deed[]> = fc.array(
  fc.record({
    kind: fc.nat({ max: 11 }),
    key: fc.constantFrom("x", "y"),
    costs: fc.tuple(fc.nat({ max: 12 }), fc.nat({ max: 12 }), fc.nat({ max: 12 })),
    gap: fc.nat({ max: 5 }),
    fraction: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  { maxLength: 30, size: "max" },
);

/** What a deed takes of each rule: from nothing to all. */
export function costsOf({ costs }: Deed, most: readonly number[]): number[] {
  return most.map((each, i) => costs[i % costs.length]! % (each + 1));
}

/** One of several, by the deed's fraction. */
export function chosen<T>({ fraction }: Deed, items: readonly T[]): T | undefined {
  return items[Math.floor(fraction * items.length)] ?? items.at(-1);
}
