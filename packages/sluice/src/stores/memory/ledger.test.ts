// The contract of the memory ledger, case by case.
import { describe, expect, test } from "vitest";
import { LedgerKit, type Pass } from "../../../test/limits/ledger-kit.ts";
import { concurrency } from "../../limits/concurrency/builder.ts";
import { NEVER } from "../../limits/limit.ts";
import { pace } from "../../limits/pace/builder.ts";
import { window } from "../../limits/window/window.ts";

const SECOND = 1_000_000;
const FAR = 3600 * SECOND;

describe("reserve", () => {
  test("admits a prefix of what is asked, in order, and tells when the rest would fit", () => {
    const kit = new LedgerKit();
    const plan = kit.plan("5/1s");
    const now = kit.ledger.now();
    const answer = kit.answer(plan, 1, { costs: [[2], [2], [2], [1]] });
    expect(answer).toMatchObject({ now, admitted: 2, until: now + SECOND, rule: 0 });
    expect(answer.instants).toEqual([now, now]);
  });

  test("books ahead as far as it may, to the microsecond", () => {
    const kit = new LedgerKit();
    const plan = kit.plan("1/1s");
    const now = kit.ledger.now();
    kit.pass(plan);
    expect(kit.answer(plan, 1, { maxWait: SECOND - 1 }).admitted).toBe(0);
    expect(kit.answer(plan, 1, { maxWait: SECOND }).instants).toEqual([now + SECOND]);
    const several = kit.answer(plan, 1, { costs: [[1], [1], [1]], maxWait: 3 * SECOND });
    expect(several.instants).toEqual([now + 2 * SECOND, now + 3 * SECOND]);
    expect(several.until).toBe(now + 4 * SECOND);
  });

  test("never admits what can never fit, nor what is held, however long may be waited", () => {
    const kit = new LedgerKit();
    const plan = kit.plan({ rate: window(2, "1s"), slots: concurrency(1) });
    expect(kit.answer(plan, [3, 0], { maxWait: NEVER })).toMatchObject({
      admitted: 0,
      until: NEVER,
    });
    kit.pass(plan, [0, 1]);
    expect(kit.answer(plan, [0, 1], { maxWait: NEVER }).admitted).toBe(0);
    expect(kit.pass(plan, [2, 0])).toBeDefined();
  });

  test("tickets rise over all keys", () => {
    const kit = new LedgerKit();
    const plan = kit.plan("5/1s");
    const tickets = ["a", "b", "a", "c"].map((key) => kit.pass(plan, 1, { key })!.ticket);
    expect(tickets).toEqual(tickets.toSorted((a, b) => a - b));
    expect(new Set(tickets).size).toBe(4);
  });

  test("nothing passes free of charge, and changes nothing", () => {
    const kit = new LedgerKit();
    const plan = kit.plan(["1/1s", "1/1s burst 1", "1 at once"]);
    kit.pass(plan);
    for (let i = 0; i < 5; i++) expect(kit.pass(plan, 0)).toBeDefined();
    expect(kit.pass(plan)).toBeUndefined();
  });

  test("all limits or none", () => {
    const kit = new LedgerKit();
    const plan = kit.plan({ few: window(1, "1s"), many: window(3, "1s") });
    kit.pass(plan, [1, 1]);
    for (let i = 0; i < 5; i++) expect(kit.pass(plan, [1, 1])).toBeUndefined();
    expect(kit.pass(plan, [0, 2])).toBeDefined();
  });

  test("keys have budgets of their own, and one under all of them", () => {
    const kit = new LedgerKit();
    const plan = kit.plan({ each: window(2, "1s"), all: window(3, "1s", { per: "limiter" }) });
    const passed = ["a", "a", "a", "b", "b"].map((key) => kit.pass(plan, 1, { key }) !== undefined);
    expect(passed).toEqual([true, true, false, true, false]);
  });

  test("with a grace it is recorded at the end of that", () => {
    const kit = new LedgerKit();
    const plan = kit.plan(["1/1s", "1/1s parts 10", "1/1s even"]);
    const now = kit.ledger.now();
    const answer = kit.answer(plan, 1, { maxWait: FAR, grace: 20_000 });
    expect(answer.instants).toEqual([now]);
    expect(kit.until(plan)).toBe(now + 1_120_000);
    expect(kit.until(kit.plan("1/1s"), 1, "other")).toBe(now);
  });
});

describe("gates", () => {
  test("nothing before, the longer one wins, and opening is at once", () => {
    const kit = new LedgerKit();
    const plan = kit.plan("9/1s");
    const now = kit.ledger.now();
    const gate = (key: string | undefined, until: number | undefined): void => {
      kit.ledger.amend([{ kind: "gate", key, plan, until }]);
    };
    gate("a", now + 5 * SECOND);
    gate("a", now + 2 * SECOND);
    expect(kit.until(plan, 1, "a")).toBe(now + 5 * SECOND);
    expect(kit.until(plan, 1, "b")).toBe(now);
    gate(undefined, now + 9 * SECOND);
    expect(kit.until(plan, 1, "b")).toBe(now + 9 * SECOND);
    expect(kit.pass(plan, 1, { key: "b", maxWait: FAR })!.at).toBe(now + 9 * SECOND);
    gate(undefined, undefined);
    expect(kit.until(plan, 1, "a")).toBe(now + 5 * SECOND);
    gate("a", undefined);
    expect(kit.until(plan, 1, "a")).toBe(now);
  });
});

describe("settle", () => {
  test("less gives back at the admission's own instant", () => {
    const kit = new LedgerKit();
    const plan = kit.plan(["5/1s", "5/1s parts 5", "5/1s burst 5", "5/1h fixed"]);
    const pass = kit.pass(plan, 5)!;
    expect(kit.pass(plan)).toBeUndefined();
    kit.settle(pass, [2, 2, 2, 2]);
    expect(kit.pass(plan, 3)).toBeDefined();
    expect(kit.pass(plan)).toBeUndefined();
  });

  test("more is charged at its own earliest instant, in pieces; all later ones wait for it", () => {
    const kit = new LedgerKit();
    const plan = kit.plan("4/1s");
    const now = kit.ledger.now();
    const pass = kit.pass(plan, 3)!;
    kit.settle(pass, [12]);
    // Nine more: four each at one and two seconds, one at three.
    expect(kit.until(plan, 3)).toBe(now + 3 * SECOND);
    expect(kit.until(plan, 4)).toBe(now + 4 * SECOND);
  });

  test("more than a pace can ever hold at once is a debt", () => {
    const kit = new LedgerKit();
    const plan = kit.plan("10/s burst 2");
    const now = kit.ledger.now();
    kit.settle(kit.pass(plan, 2)!, [12]);
    expect(kit.until(plan, 2)).toBe(now + 1_200_000);
  });

  test("slots are given back or kept, and the rest with the release", () => {
    const kit = new LedgerKit();
    const plan = kit.plan(concurrency(4, { cooldown: "1s" }));
    const pass = kit.pass(plan, 3)!;
    const now = kit.ledger.now();
    expect(kit.until(plan, 2)).toBe(-1 - now);
    kit.settle(pass, [1]);
    expect(kit.until(plan, 2)).toBe(now + SECOND);
    expect(kit.until(plan, 4)).toBe(-1 - (now + SECOND));
    kit.block(SECOND);
    expect(kit.pass(plan, 3)).toBeDefined();
    kit.release(pass);
    expect(kit.until(plan)).toBe(now + 2 * SECOND);
  });

  test("for a key that was forgotten, more is charged to every limit", async () => {
    const kit = new LedgerKit();
    const plan = kit.plan({
      a: window(10, "1s"),
      b: window(10, "1s"),
      c: pace("10/s", { burst: 10 }),
    });
    const pass = kit.pass(plan, 1, { key: "k" })!;
    await kit.clock.advance("1m");
    expect(kit.ledger.keys()).toEqual([]);
    kit.settle(pass, [11, 11, 11]);
    for (const costs of [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ]) {
      expect(kit.pass(plan, costs, { key: "k" })).toBeUndefined();
    }
  });

  test("after a reset it changes nothing", () => {
    const kit = new LedgerKit();
    const plan = kit.plan("3/1s");
    const [old, other] = [kit.pass(plan, 3, { key: "a" })!, kit.pass(plan, 3, { key: "b" })!];
    kit.reset("a");
    kit.pass(plan, 3, { key: "a" });
    kit.settle(old, [0]);
    expect(kit.pass(plan, 1, { key: "a" })).toBeUndefined();
    kit.reset();
    kit.pass(plan, 3, { key: "b" });
    kit.settle(other, [0]);
    expect(kit.pass(plan, 1, { key: "b" })).toBeUndefined();
  });
});

test("a booking that is cancelled gives its instant back", () => {
  const kit = new LedgerKit();
  const plan = kit.plan(["2/1s", "2/s burst 2"]);
  kit.pass(plan, 2);
  const [first, second] = [1, 2].map(() => kit.pass(plan, 1, { maxWait: FAR })!) as [Pass, Pass];
  const before = kit.until(plan);
  kit.cancel(second);
  expect(kit.until(plan)).toBe(second.at);
  expect(kit.pass(plan, 1, { maxWait: FAR })!.at).toBe(second.at);
  expect(kit.until(plan)).toBe(before);
  kit.cancel(first);
  expect(kit.until(plan)).toBeLessThan(before);
});

test("reset forgets a key, or all of them with what they share and the gate", () => {
  const kit = new LedgerKit();
  const plan = kit.plan({ each: window(1, "1s"), all: window(2, "1s", { per: "limiter" }) });
  for (const key of ["a", "b"]) kit.pass(plan, 1, { key });
  kit.ledger.amend([{ kind: "gate", key: undefined, plan, until: kit.ledger.now() + FAR }]);
  kit.reset("a");
  expect(kit.ledger.keys()).toEqual(["b"]);
  expect(kit.until(plan, [1, 0], "a")).toBe(kit.ledger.now() + FAR);
  kit.reset();
  expect(kit.ledger.keys()).toEqual([]);
  expect(kit.pass(plan, 1, { key: "a" })).toBeDefined();
  expect(kit.pass(plan, 1, { key: "b" })).toBeDefined();
});

test("two limiters share nothing", () => {
  const [one, other] = [new LedgerKit(), new LedgerKit()];
  one.pass(one.plan("1/1s"));
  expect(other.pass(other.plan("1/1s"))).toBeDefined();
});
