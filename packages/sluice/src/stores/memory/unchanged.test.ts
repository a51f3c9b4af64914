// Law 7: a refusal and a peek change nothing, byte for byte.
import fc from "fast-check";
import { expect, test } from "vitest";
import { gapOf } from "../../../test/limits/history.ts";
import { LedgerKit, mostOf } from "../../../test/limits/ledger-kit.ts";
import { chosen, costsOf, type Deed, deeds, mixes } from "../../../test/limits/mixes.ts";
import { pace } from "../../limits/pace/builder.ts";
import type { Plan } from "../../limits/plan.ts";
import { window } from "../../limits/window/window.ts";

/** All numbers of all keys; holders of slots are seen by what an ask is told. */
function state({ ledger }: LedgerKit): string {
  return JSON.stringify([ledger.save(), ledger.keys()]);
}

/** Lets pass what passes, and compares what was before and after each refusal. */
function askAll(kit: LedgerKit, plan: Plan, done: readonly Deed[]): void {
  const most = mostOf(plan);
  for (const deed of done) {
    const { limit } = chosen(deed, plan.rules)!;
    if (deed.kind < 3) kit.block(gapOf(limit, { ...deed, cost: 0, choice: 0 }));
    const costs = costsOf(deed, most);
    const before = state(kit);
    const until = kit.until(plan, costs, deed.key);
    expect(state(kit)).toBe(before);
    const pass = kit.pass(plan, costs, { key: deed.key });
    expect(pass === undefined).toBe(until !== kit.ledger.now());
    if (pass === undefined) expect(state(kit)).toBe(before);
  }
}

test("random traces", () => {
  fc.assert(
    fc.property(mixes, deeds, fc.constantFrom("full", "used"), (mix, done, start) => {
      const kit = new LedgerKit({ start });
      askAll(kit, kit.plan(mix), done);
    }),
    { numRuns: 400 },
  );
});

test("looking at keys that are not there, and at what all share, makes nothing", () => {
  const kit = new LedgerKit({ start: "used" });
  const plan = kit.plan({ all: pace("1/s", { per: "limiter" }), each: window(1, "1s") });
  const before = state(kit);
  expect(kit.until(plan, 1, "a")).toBe(kit.ledger.now() + 1_000_000);
  expect(kit.pass(plan, 1, { key: "b" })).toBeUndefined();
  expect(state(kit)).toBe(before);
  expect(kit.clock.timers()).toEqual({ active: 0, idle: 0 });
});
