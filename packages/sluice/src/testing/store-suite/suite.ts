import { admittingCases } from "./admitting.ts";
import { amendingCases } from "./amending.ts";
import { Budget } from "./budget.ts";
import { keepingCases } from "./keeping.ts";
import { replayCases } from "./replay.ts";
import { sharingCases } from "./sharing.ts";
import { slotCases } from "./slots.ts";
import type { StoreCase, StoreSubject, StoreSuiteOptions } from "./subject.ts";

/**
 * The conformance suite: every rule of a store's contract as a case that any test runner can run. A
 * store that passes all of them can stand behind a limiter.
 *
 * Give it a store that reads the clock of its `Scope`, if there is a way to: then time stands still,
 * and changes are replayed exactly that a server's clock lets it only bound.
 *
 * @param subject - How to open the store, and what it takes for time.
 * @returns Cases with a name and a function that rejects with what was wrong; a random trace that
 *   failed is told step by step, and comes again with the same seed.
 * @example
 * import { storeSuite } from "sluice/testing";
 * for (const { name, run } of storeSuite({ open: () => memory() })) test(name, run);
 */
export function storeSuite(subject: StoreSubject, options: StoreSuiteOptions = {}): StoreCase[] {
  const cases = { ...admittingCases, ...amendingCases, ...slotCases, ...keepingCases };
  const all = { ...cases, ...(subject.shared === false ? {} : sharingCases) };
  const fixed = Object.entries(all).map(([name, run]) => ({
    name,
    run: () => Budget.use(subject, (budget) => run(budget, subject)),
  }));
  return [...fixed, ...replayCases(subject, options)];
}
