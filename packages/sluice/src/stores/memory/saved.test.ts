// Snapshots: what a process knew goes on in another one, whose clock began elsewhere.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { gapOf } from "../../../test/limits/history.ts";
import { LedgerKit, mostOf } from "../../../test/limits/ledger-kit.ts";
import { chosen, costsOf, deeds, timedMixes } from "../../../test/limits/mixes.ts";
import { concurrency } from "../../limits/concurrency/builder.ts";
import { compile, type LimitsInput, type Plan } from "../../limits/plan.ts";
import { window } from "../../limits/window/window.ts";
import type { SavedState } from "../store.ts";

/** Through JSON, as a file would do it. */
function save(kit: LedgerKit): SavedState {
  return JSON.parse(JSON.stringify(kit.ledger.save())) as SavedState;
}

/** A new process `later` milliseconds after the save, with the state loaded. */
function restart(kit: LedgerKit, limits: LimitsInput, later: number, now = 77): [LedgerKit, Plan] {
  const next = new LedgerKit({ now, wall: kit.clock.wall() + later });
  const plan = next.plan(limits);
  next.ledger.load(save(kit), new Map([[plan.text, plan]]));
  return [next, plan];
}

test("after a restart the answers are the same, less the time in between", () => {
  fc.assert(
    fc.property(timedMixes, deeds, deeds, fc.nat({ max: 3000 }), (mix, done, next, later) => {
      const old = new LedgerKit();
      const before = old.plan(mix);
      const most = mostOf(before);
      for (const deed of done) {
        old.block(gapOf(chosen(deed, before.rules)!.limit, { ...deed, cost: 0, choice: 0 }));
        const maxWait = deed.kind < 6 ? 0 : 1e12;
        old.pass(before, costsOf(deed, most), { key: deed.key, maxWait });
      }
      const [fresh, plan] = restart(old, mix, later);
      old.clock.block(later);
      const by = fresh.ledger.now() - old.ledger.now();
      for (const deed of next.slice(0, 8)) {
        const gap = gapOf(chosen(deed, plan.rules)!.limit, { ...deed, cost: 0, choice: 0 });
        old.block(gap);
        fresh.block(gap);
        const costs = costsOf(deed, most);
        const maxWait = 1e13;
        const there = fresh.pass(plan, costs, { key: deed.key, maxWait })!;
        expect(there.at).toBe(old.pass(before, costs, { key: deed.key, maxWait })!.at + by);
      }
    }),
    { numRuns: 400 },
  );
});

test("what was admitted long before the new process began still counts", () => {
  const limits = ["10/1h", "10/1h parts 6", "10/1h burst 10", "10/1h fixed"] as const;
  for (const limit of limits) {
    const old = new LedgerKit({ now: 5 * 3600e6 });
    old.pass(old.plan(limit), 10);
    old.clock.block("20m");
    const [fresh, plan] = restart(old, limit, 1_000, 0);
    expect(fresh.pass(plan, 10)).toBeUndefined();
  }
});

test("a gate of the limiter and one of a key are kept, idle keys are not", () => {
  const old = new LedgerKit();
  const plan = old.plan("5/1s");
  const until = old.ledger.now() + 60e6;
  old.pass(plan, 1, { key: "idle" });
  old.ledger.amend([{ kind: "gate", key: "paused", plan, until }]);
  old.clock.block("10s");
  const [fresh, there] = restart(old, "5/1s", 0);
  expect(fresh.ledger.keys()).toEqual(["paused"]);
  expect(fresh.until(there, 1, "paused")).toBe(fresh.ledger.now() + 50e6);
  old.ledger.amend([{ kind: "gate", key: undefined, plan, until: until + 5e6 }]);
  const [all, everywhere] = restart(old, "5/1s", 2_000);
  expect(all.until(everywhere, 1, "other")).toBe(all.ledger.now() + 53e6);
});

test("limits under all keys are kept", () => {
  const limits = { all: window(3, "1m", { per: "limiter" }), each: window(2, "1s") };
  const old = new LedgerKit();
  const plan = old.plan(limits);
  old.pass(plan, [1, 1], { key: "a" });
  old.pass(plan, [1, 1], { key: "b" });
  const [fresh, there] = restart(old, limits, 5_000);
  expect(fresh.pass(there, [1, 1], { key: "c" })).toBeDefined();
  expect(fresh.pass(there, [1, 1], { key: "d" })).toBeUndefined();
});

describe("slots", () => {
  test("whoever held one is taken to have ended at the save", () => {
    const limit = concurrency(2, { cooldown: "10s" });
    const old = new LedgerKit();
    const plan = old.plan(limit);
    old.pass(plan);
    const released = old.pass(plan)!;
    old.clock.block("3s");
    old.release(released);
    old.clock.block("4s");
    const [fresh, there] = restart(old, limit, 0);
    const now = fresh.ledger.now();
    expect(fresh.until(there)).toBe(now + 6e6);
    expect(fresh.until(there, 2)).toBe(now + 10e6);
  });

  test("without a cooldown all are free", () => {
    const old = new LedgerKit();
    old.pass(old.plan(concurrency(2)), 2);
    const [fresh, there] = restart(old, concurrency(2), 0);
    expect(fresh.pass(there, 2)).toBeDefined();
  });
});

test("loading replaces what was there, and rows of other limits are left out", () => {
  const old = new LedgerKit();
  old.pass(old.plan("1/1m"), 1, { key: "a" });
  const fresh = new LedgerKit();
  const plan = fresh.plan("1/1m");
  fresh.pass(plan, 1, { key: "b" });
  fresh.ledger.load(save(old), new Map([[plan.text, plan]]));
  expect(fresh.ledger.keys()).toEqual(["a"]);
  fresh.ledger.load(save(old), new Map());
  expect(fresh.ledger.keys()).toEqual([]);
  expect(fresh.pass(plan, 1, { key: "a" })).toBeDefined();
});

test("the wall clock went back in between: no time has passed, and nothing is let through", () => {
  const old = new LedgerKit();
  old.pass(old.plan("1/1m"));
  const [fresh, plan] = restart(old, "1/1m", -3600e3);
  expect(fresh.until(plan)).toBe(fresh.ledger.now() + 60e6);
});

test("plans of the same numbers have the same text, wherever they were compiled", () => {
  const text = (now: number): string => compile(["1/1m", "2/1h"], 0, { now, wall: now }).text;
  expect(text(1)).toBe(text(99));
});
