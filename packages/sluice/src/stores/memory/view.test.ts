// What a peek sees: what is used, when it is free again, and a forecast that never is too late.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Costs } from "../../costs.ts";
import { gapOf } from "../../../test/limits/history.ts";
import { LedgerKit, mostOf } from "../../../test/limits/ledger-kit.ts";
import { chosen, costsOf, type Deed, deeds, timedMixes } from "../../../test/limits/mixes.ts";
import { concurrency } from "../../limits/concurrency/builder.ts";
import { type LimitsInput, type Plan } from "../../limits/plan.ts";
import { quota } from "../../limits/quota/builder.ts";
import { askFor, type View } from "../store.ts";

function peek({ ledger }: LedgerKit, plan: Plan, costs: Costs, ahead?: Costs, key = ""): View {
  const ask = askFor(key, plan, [costs]);
  return ledger.peek(ask, ahead);
}

/** Some history for two keys; all of it is booked when there is no room. */
function play(kit: LedgerKit, plan: Plan, done: readonly Deed[]): void {
  for (const deed of done) {
    kit.block(gapOf(chosen(deed, plan.rules)!.limit, { ...deed, cost: 0, choice: 0 }));
    const maxWait = deed.kind < 8 ? 0 : 1e12;
    kit.pass(plan, costsOf(deed, mostOf(plan)), { key: deed.key, maxWait });
  }
}

test("the forecast is no later than what comes of it, whatever queues before", () => {
  fc.assert(
    fc.property(timedMixes, deeds, deeds, (mix, done, queue) => {
      const kit = new LedgerKit();
      const plan = kit.plan(mix);
      play(kit, plan, done);
      const waiting = queue.slice(0, 6).map((deed) => costsOf(deed, mostOf(plan)));
      const own = waiting.pop() ?? mostOf(plan);
      const ahead = own.map((_, i) => waiting.reduce((sum, costs) => sum + costs[i]!, 0));
      const { forecast, until } = peek(kit, plan, own, ahead, "x");
      expect(forecast).toBeGreaterThanOrEqual(until);
      const instants = [...waiting, own].map(
        (costs) => kit.pass(plan, costs, { key: "x", maxWait: 1e15 })!.at,
      );
      expect(forecast).toBeLessThanOrEqual(instants.at(-1)!);
    }),
    { numRuns: 500 },
  );
});

test("with nobody before it, the forecast is the instant itself", () => {
  fc.assert(
    fc.property(timedMixes, deeds, (mix, done) => {
      const kit = new LedgerKit();
      const plan = kit.plan(mix);
      play(kit, plan, done);
      const most = mostOf(plan);
      const { forecast, until } = peek(
        kit,
        plan,
        most,
        most.map(() => 0),
        "x",
      );
      expect(forecast).toBe(until);
    }),
    { numRuns: 200 },
  );
});

describe("a forecast of", () => {
  const noon = Date.UTC(2026, 0, 1, 12);
  test.each<[LimitsInput, ahead: number, micros: number]>([
    ["10/1s", 9, 0],
    ["10/1s", 10, 1e6],
    ["10/1s", 35, 3e6],
    ["10/s burst 5", 4, 0],
    ["10/s burst 5", 5, 100_000],
    ["10/s burst 5", 24, 2e6],
    ["10/1s parts 10", 10, 1e6],
    ["10/day", 9, 0],
    ["10/day", 10, 12 * 3600e6],
    ["10/1h fixed", 25, 2 * 3600e6],
    ["3 at once", 2, 0],
    ["unlimited", 1e6, 0],
  ])("%j behind %d", (limits, ahead, micros) => {
    const kit = new LedgerKit({ wall: noon });
    const { forecast } = peek(kit, kit.plan(limits), [1], [ahead]);
    expect(forecast - kit.ledger.now()).toBe(micros);
  });

  test("a held slot is held", () => {
    const kit = new LedgerKit();
    const plan = kit.plan(concurrency(2));
    kit.pass(plan, 2);
    expect(peek(kit, plan, [1], [0]).forecast).toBe(-1 - kit.ledger.now());
  });
});

test("used and resetAt, for each rate", () => {
  const kit = new LedgerKit({ wall: Date.UTC(2026, 0, 1, 12) });
  const plan = kit.plan({
    window: "5/1s",
    parts: "5/1s parts 4",
    pace: "2/s burst 5",
    quota: quota(5, "day"),
    slots: concurrency(5, { cooldown: "10s" }),
  });
  const start = kit.ledger.now();
  kit.pass(plan, [2, 2, 2, 2, 2]);
  kit.block(600_000);
  kit.pass(plan, [1, 1, 1, 1, 0]);
  const view = peek(kit, plan, [1, 1, 1, 1, 1]);
  expect(view.rates.map(([rate]) => rate!.used)).toEqual([3, 3, 1.8, 3, 2]);
  expect(view.rates.map(([rate]) => rate!.resetAt - start)).toEqual([
    1_600_000,
    // The part of 250 ms that began at 500 ms leaves five parts later.
    1_750_000,
    1_500_000,
    12 * 3600e6,
    Number.POSITIVE_INFINITY,
  ]);
});

test("each rate of a shared ring is looked at for itself", () => {
  const kit = new LedgerKit();
  const plan = kit.plan(["2/1s", "5/1m"]);
  const start = kit.ledger.now();
  kit.pass(plan, 2);
  kit.block(1_000_000);
  kit.pass(plan, 1);
  const [views] = peek(kit, plan, [1]).rates;
  expect(views!.map(({ used }) => used)).toEqual([1, 3]);
  expect(views!.map(({ resetAt }) => resetAt - start)).toEqual([2_000_000, 61_000_000]);
});

test("which rule binds, and what the key's own limits say", () => {
  const kit = new LedgerKit();
  const plan = kit.plan({
    each: "1/1s",
    all: { ...kit.plan("2/5s").rules[0]!.limit, per: "limiter" },
  });
  const start = kit.ledger.now();
  kit.pass(plan, 1, { key: "a" });
  const ask = (key: string): View => peek(kit, plan, [1, 1], undefined, key);
  expect(ask("a")).toMatchObject({ rule: 0, until: start + 1e6, ownUntil: start + 1e6 });
  kit.pass(plan, 1, { key: "b" });
  expect(ask("a")).toMatchObject({ rule: 1, until: start + 5e6, ownUntil: start + 1e6 });
  expect(ask("c")).toMatchObject({ rule: 1, until: start + 5e6, ownUntil: start });
  kit.ledger.amend([{ kind: "gate", key: "c", plan, until: start + 9e6 }]);
  expect(ask("c")).toMatchObject({ rule: -1, until: start + 9e6, ownUntil: start + 9e6 });
  kit.ledger.amend([{ kind: "gate", key: undefined, plan, until: start + 20e6 }]);
  expect(ask("c")).toMatchObject({ rule: -1, until: start + 20e6, ownUntil: start + 9e6 });
});
