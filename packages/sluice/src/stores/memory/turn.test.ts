// Callers that were admitted run when their turn of the event loop ends: what they took counts then.
import { describe, expect, test } from "vitest";
import { LedgerKit } from "../../../test/limits/ledger-kit.ts";
import type { LimitsInput } from "../../limits/plan.ts";
import { pace } from "../../limits/pace/builder.ts";
import { window } from "../../limits/window/window.ts";

const deferred = { deferred: true };

test.each<[LimitsInput, next: number]>([
  ["2/1s", 1_090_000],
  // The part of 100 ms holds the end of the turn as well.
  ["2/1s parts 10", 1_100_000],
  ["10/s burst 2", 190_000],
  // May catch up on one: it was due at the commit.
  ["10/s even catchUp 1", 100_000],
])("%j counts from the end of the turn", (limits, next) => {
  const kit = new LedgerKit();
  const plan = kit.plan(limits);
  const start = kit.ledger.now();
  while (kit.pass(plan, 1, deferred));
  kit.block(90_000);
  expect(kit.ledger.endTurn()).toBe(start + 90_000);
  expect(kit.until(plan)).toBe(start + next);
});

test("a turn without admissions changes nothing", () => {
  const kit = new LedgerKit();
  const plan = kit.plan("1/1s");
  const pass = kit.pass(plan)!;
  kit.block(500_000);
  expect(kit.ledger.endTurn()).toBe(pass.at + 500_000);
  expect(kit.until(plan)).toBe(pass.at + 1_000_000);
});

test("each turn counts for itself", () => {
  const kit = new LedgerKit();
  const plan = kit.plan("2/1s");
  kit.pass(plan, 1, deferred);
  const first = kit.ledger.endTurn();
  kit.block(400_000);
  kit.pass(plan, 1, deferred);
  kit.block(100_000);
  kit.ledger.endTurn();
  expect(kit.until(plan)).toBe(first + 1_000_000);
});

describe("a turn longer than the window", () => {
  test.each<LimitsInput>(["3/1s", "3/1s parts 10", "3/1s fixed", "3/s burst 3"])(
    "%j lets through no more than one window's worth",
    (limits) => {
      const kit = new LedgerKit();
      const plan = kit.plan(limits);
      let passed = 0;
      for (let i = 0; i < 50; i++) {
        if (kit.pass(plan, 1, deferred)) passed++;
        kit.block(100_000);
      }
      // They all run now.
      expect(passed).toBe(3);
    },
  );
});

test("units of earlier parts are raised as well as those of the last", () => {
  const kit = new LedgerKit();
  const plan = kit.plan("10/1s parts 10");
  kit.pass(plan, 5, deferred);
  kit.block(200_000);
  kit.pass(plan, 1, deferred);
  kit.block(750_000);
  const end = kit.ledger.endTurn();
  kit.block(150_000);
  expect(kit.pass(plan, 5)).toBeUndefined();
  expect(kit.pass(plan, 4)).toBeDefined();
  expect(kit.until(plan, 6)).toBeGreaterThan(end + 1_000_000 - 1);
});

test("also past what is booked ahead", () => {
  const kit = new LedgerKit();
  const plan = kit.plan("10/1s parts 10");
  kit.pass(plan, 6);
  kit.block(1_000);
  kit.pass(plan, 2, deferred);
  const booked = kit.pass(plan, 4, { maxWait: 1e9 })!;
  kit.block(948_000);
  const end = kit.ledger.endTurn();
  // Two ran at the end of the turn, four will at the booked instant: four more fit beside them.
  expect(kit.pass(plan, 4, { maxWait: 1e9 })!.at).toBe(booked.at);
  expect(kit.pass(plan, 2, { maxWait: 1e9 })!.at).toBeGreaterThanOrEqual(end + 1_000_000);
});

test("an instant that was booked earlier is raised from there", () => {
  const kit = new LedgerKit();
  const plan = kit.plan(window(2, "1s", { per: "limiter" }));
  kit.pass(plan, 2, { key: "b" });
  const booked = kit.pass(plan, 1, { key: "b", maxWait: 1e9 })!;
  kit.block(1_500_000);
  kit.pass(plan, 1, { key: "a", deferred: true });
  const { at, ticket } = booked;
  kit.ledger.amend([{ kind: "resume", key: "b", plan, at, ticket, taken: [1] }]);
  kit.block(300_000);
  const end = kit.ledger.endTurn();
  expect(kit.until(plan, 1, "c")).toBe(end + 1_000_000);
});

test("plans whose rules stand in another order do not mix their units", () => {
  const kit = new LedgerKit();
  const base = {
    each: window(100, "1s"),
    total: pace("10/s", { burst: 10, per: "limiter" as const }),
  };
  const plan = kit.plan(base);
  const own = kit.plan({ each: window(50, "1s") }, base);
  expect([plan, own].map(({ rules }) => rules.map(({ costName }) => costName))).toEqual([
    ["each", "total"],
    ["total", "each"],
  ]);
  kit.pass(own, [9, 0], { key: "b", deferred: true });
  kit.pass(plan, [0, 1], { key: "a", deferred: true });
  kit.block(1_000_000);
  const end = kit.ledger.endTurn();
  expect(kit.until(plan, [0, 10], "c")).toBe(end + 1_000_000);
});

test("what was settled before the turn's end is not raised", () => {
  const kit = new LedgerKit();
  const plan = kit.plan(["4/1s parts 4", "4/s burst 4", "4/1s"]);
  const pass = kit.pass(plan, 3, deferred)!;
  kit.pass(plan, 1, deferred);
  kit.settle(pass, [0, 0, 0]);
  kit.block(200_000);
  kit.ledger.endTurn();
  expect(kit.pass(plan, 3)).toBeDefined();
  expect(kit.pass(plan, 1)).toBeUndefined();
});

test("a settlement of the turn before takes nothing from this one", () => {
  const kit = new LedgerKit();
  const plan = kit.plan("3/0.01ms parts 2");
  const pass = kit.pass(plan, 1, deferred)!;
  kit.ledger.endTurn();
  kit.pass(plan, 2, deferred);
  kit.settle(pass, [0]);
  kit.block(1_000);
  kit.ledger.endTurn();
  expect(kit.pass(plan, 2)).toBeUndefined();
  expect(kit.pass(plan, 1)).toBeDefined();
});

test("other limits within a turn: what was admitted before counts, from its end", () => {
  const kit = new LedgerKit();
  const old = kit.plan("10/s burst 10");
  kit.pass(old, 9, deferred);
  const plan = kit.plan("10/s burst 10");
  kit.pass(plan, 1, deferred);
  kit.block(900_000);
  const end = kit.ledger.endTurn();
  expect(kit.until(plan, 10)).toBe(end + 1_000_000);
});

test("the same of windows: all of their instants are raised", () => {
  const kit = new LedgerKit();
  kit.pass(kit.plan("3/1s"), 1, deferred);
  kit.block(100_000);
  const plan = kit.plan("2/1s");
  kit.pass(plan, 1, deferred);
  kit.block(100_000);
  const end = kit.ledger.endTurn();
  expect(kit.until(plan)).toBe(end + 1_000_000);
});

test("a key that was reset within the turn is not raised", () => {
  const kit = new LedgerKit();
  const plan = kit.plan("2/1s");
  kit.pass(plan, 2, { key: "a", deferred: true });
  kit.reset("a");
  kit.pass(plan, 1, { key: "a", deferred: true });
  kit.block(1_000);
  const end = kit.ledger.endTurn();
  // But what it was admitted after that.
  expect(kit.until(plan, 2, "a")).toBe(end + 1_000_000);
  expect(kit.pass(plan, 1, { key: "a" })).toBeDefined();
  expect(kit.pass(plan, 1, { key: "a" })).toBeUndefined();
});

describe("who asks synchronously within the turn", () => {
  test("finds those who were admitted before counted from then", () => {
    const kit = new LedgerKit();
    const plan = kit.plan("3/1s");
    kit.pass(plan, 3, deferred);
    kit.block(2_000_000);
    // The three run after this one.
    expect(kit.pass(plan, 1)).toBeUndefined();
  });

  test("counts in its period, and those who run later in theirs", () => {
    const kit = new LedgerKit();
    const plan = kit.plan("3/1s fixed");
    kit.pass(plan, 2, deferred);
    kit.block(1_000_000);
    expect(kit.pass(plan, 1)).toBeDefined();
    kit.ledger.endTurn();
    expect(kit.pass(plan, 1)).toBeUndefined();
  });
});
