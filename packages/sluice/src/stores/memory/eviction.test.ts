// Which key goes when there are too many: an idle one, else the one that is idle soonest; never one
// that is refused, waited for or held.
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { LedgerKit } from "../../../test/limits/ledger-kit.ts";
import { KeysExhaustedError } from "../../errors.ts";
import { concurrency } from "../../limits/concurrency/builder.ts";
import { window } from "../../limits/window/window.ts";
import type { SavedState } from "../store.ts";
import { Rows } from "./rows.ts";

const SECOND = 1_000_000;

test("an idle key goes before one that still counts", () => {
  const kit = new LedgerKit({ maxKeys: 3 });
  const plan = kit.plan("5/1s");
  for (const key of ["a", "b", "c"]) kit.pass(plan, 1, { key });
  kit.block(SECOND);
  for (const key of ["a", "c"]) kit.pass(plan, 1, { key });
  kit.pass(plan, 1, { key: "d" });
  expect(kit.ledger.keys().toSorted()).toEqual(["a", "c", "d"]);
});

test("else the one that will be idle soonest", () => {
  const kit = new LedgerKit({ maxKeys: 3 });
  const plan = kit.plan("5/1s");
  for (const key of ["c", "a", "b"]) {
    kit.pass(plan, 1, { key });
    kit.block(1_000);
  }
  kit.pass(plan, 1, { key: "d" });
  expect(kit.ledger.keys().toSorted()).toEqual(["a", "b", "d"]);
  kit.pass(plan, 1, { key: "a" });
  kit.block(1);
  kit.pass(plan, 1, { key: "e" });
  expect(kit.ledger.keys().toSorted()).toEqual(["a", "d", "e"]);
});

test("in the order in which they become idle, whatever was used, booked and given back", () => {
  const uses = fc.array(
    fc.tuple(fc.nat({ max: 5 }), fc.integer({ min: 1, max: 4 }), fc.boolean()),
    {
      minLength: 6,
      maxLength: 20,
      size: "max",
    },
  );
  fc.assert(
    fc.property(uses, (used) => {
      const kit = new LedgerKit({ maxKeys: 6 });
      const plan = kit.plan(window(9, "1s"));
      const idle = new Map<string, number>();
      for (let i = 0; i < 6; i++) kit.pass(plan, 1, { key: `k${i}` });
      // The heap exists from the first eviction on: from then on its order must keep up.
      kit.block(1);
      kit.pass(plan, 1, { key: "first" });
      for (const [i, cost, back] of used) {
        kit.block(1_000);
        const key = kit.ledger.keys()[i]!;
        const pass = kit.pass(plan, cost, { key, maxWait: 1e9 })!;
        if (back) kit.settle(pass, [0]);
      }
      const { rows } = kit.ledger.save();
      for (const key of kit.ledger.keys()) idle.set(key, 0);
      for (const { key, states } of rows) {
        if (key !== null) idle.set(key, Math.max(...states[0]!) + SECOND);
      }
      const free = (key: string): boolean => kit.until(plan, 1, key) <= kit.ledger.now();
      for (let round = 0; round < 5; round++) {
        const mayGo = kit.ledger.keys().filter(free);
        if (mayGo.length === 0) {
          expect(() => kit.pass(plan, 9, { key: "more" })).toThrow(KeysExhaustedError);
          break;
        }
        const soonest = Math.min(...mayGo.map((key) => idle.get(key)!));
        const before = kit.ledger.keys();
        kit.pass(plan, 9, { key: `new${round}` });
        idle.set(`new${round}`, Number.POSITIVE_INFINITY);
        const gone = before.filter((key) => !kit.ledger.keys().includes(key));
        expect(gone.map((key) => Math.max(idle.get(key)!, kit.ledger.now()))).toEqual([
          Math.max(soonest, kit.ledger.now()),
        ]);
      }
    }),
    { numRuns: 200 },
  );
});

describe("never goes", () => {
  test("a key that is refused right now", () => {
    const kit = new LedgerKit({ maxKeys: 2 });
    const plan = kit.plan("2/1s");
    for (const key of ["full", "half"]) kit.pass(plan, key === "full" ? 2 : 1, { key });
    kit.pass(plan, 2, { key: "new" });
    expect(kit.ledger.keys().toSorted()).toEqual(["full", "new"]);
    expect(() => kit.pass(plan, 1, { key: "more" })).toThrow(KeysExhaustedError);
    expect(kit.ledger.keys().toSorted()).toEqual(["full", "new"]);
  });

  test("a key that somebody waits for, even an idle one", () => {
    const kit = new LedgerKit({ maxKeys: 2, isWaited: (key) => key === "waited" });
    const plan = kit.plan("2/1s");
    for (const key of ["waited", "other"]) kit.pass(plan, 1, { key });
    kit.block(SECOND);
    kit.pass(plan, 2, { key: "new" });
    expect(kit.ledger.keys().toSorted()).toEqual(["new", "waited"]);
    expect(() => kit.pass(plan, 1, { key: "more" })).toThrow(KeysExhaustedError);
  });

  test("a key that holds a slot, and it goes once that is released", () => {
    const kit = new LedgerKit({ maxKeys: 2 });
    const plan = kit.plan(concurrency(2));
    const held = kit.pass(plan, 1, { key: "held" })!;
    kit.pass(plan, 1, { key: "other" });
    expect(() => kit.pass(plan, 1, { key: "new" })).toThrow(
      'all 2 keys (maxKeys) are refused, waited for or held right now, so the key "new" cannot be added; raise maxKeys, or forget() a key.',
    );
    kit.release(held);
    kit.pass(plan, 1, { key: "new" });
    expect(kit.ledger.keys().toSorted()).toEqual(["new", "other"]);
  });

  test("a key that is paused", () => {
    const kit = new LedgerKit({ maxKeys: 1 });
    const plan = kit.plan("2/1s");
    const until = kit.ledger.now() + SECOND;
    kit.ledger.amend([{ kind: "gate", key: "paused", plan, until }]);
    expect(() => kit.pass(plan, 1, { key: "new" })).toThrow(KeysExhaustedError);
    kit.ledger.amend([{ kind: "gate", key: "paused", plan, until: undefined }]);
    expect(kit.pass(plan, 1, { key: "new" })).toBeDefined();
  });
});

test("one that may go is found behind those that may not", () => {
  const kit = new LedgerKit({ maxKeys: 4 });
  const plan = kit.plan({ slots: concurrency(1), rate: window(3, "1s") });
  for (const key of ["held1", "held2"]) kit.pass(plan, [1, 1], { key });
  kit.pass(plan, [0, 3], { key: "refused" });
  kit.pass(plan, [0, 1], { key: "free" });
  kit.pass(plan, [1, 1], { key: "new" });
  expect(kit.ledger.keys().toSorted()).toEqual(["held1", "held2", "new", "refused"]);
});

test("a key in use is not thrown out for one that is refused itself", () => {
  const kit = new LedgerKit({ maxKeys: 1, start: "used" });
  const plan = kit.plan("2/1s");
  kit.block(SECOND);
  kit.pass(plan, 1, { key: "old" });
  kit.ledger.amend([{ kind: "gate", key: undefined, plan, until: kit.ledger.now() + SECOND }]);
  expect(kit.pass(plan, 1, { key: "new" })).toBeUndefined();
  expect(kit.ledger.keys()).toEqual(["old"]);
});

test("with a single key, limits under all keys keep their state when it goes", () => {
  const kit = new LedgerKit({ maxKeys: 1 });
  const limits = (count: number) => ({
    each: window(5, "1ms"),
    all: window(count, "1s", { per: "limiter" as const }),
  });
  kit.pass(kit.plan(limits(3)), 1, { key: "a" });
  const fewer = kit.plan(limits(2));
  kit.block(10_000);
  expect(kit.pass(fewer, 1, { key: "b" })).toBeDefined();
  expect(kit.pass(fewer, 1, { key: "b" })).toBeUndefined();
});

test("a flood of new keys does not look at all that may not go each time", () => {
  const kit = new LedgerKit({ maxKeys: 5000 });
  const plan = kit.plan(window(1, "1h"));
  for (let i = 0; i < 5000; i++) kit.pass(plan, 1, { key: `k${i}` });
  const flood = (): void => {
    for (let i = 0; i < 20; i++) {
      expect(() => kit.pass(plan, 1, { key: `new${i}` })).toThrow(KeysExhaustedError);
      kit.block(100_000);
    }
  };
  flood();
  const looks = vi.spyOn(Rows.prototype, "idleFrom");
  flood();
  expect(looks).not.toHaveBeenCalled();
  looks.mockRestore();
  kit.block(3600 * SECOND);
  kit.pass(plan, 1, { key: "new" });
});

describe("a snapshot with more keys than maxKeys", () => {
  /** Keys that are idle one after another, or have nothing left. */
  function saved(count: number, each: number): SavedState {
    const kit = new LedgerKit();
    const plan = kit.plan("5/1m");
    for (let i = 0; i < count; i++) {
      kit.pass(plan, each, { key: `${i}` });
      kit.block(1_000);
    }
    return kit.ledger.save();
  }

  test("leaves those that are idle last", () => {
    const kit = new LedgerKit({ maxKeys: 2 });
    const plan = kit.plan("5/1m");
    kit.ledger.load(saved(10, 1), new Map([[plan.text, plan]]));
    expect(kit.ledger.keys().toSorted()).toEqual(["8", "9"]);
  });

  test("leaves all that are refused, and takes new keys when they are not", () => {
    const kit = new LedgerKit({ maxKeys: 2 });
    const plan = kit.plan("5/1m");
    kit.ledger.load(saved(10, 5), new Map([[plan.text, plan]]));
    expect(kit.ledger.keys()).toHaveLength(10);
    expect(() => kit.pass(plan, 1, { key: "new" })).toThrow(KeysExhaustedError);
    kit.block(60 * SECOND);
    expect(kit.pass(plan, 1, { key: "new" })).toBeDefined();
    expect(kit.ledger.keys()).toHaveLength(2);
  });

  test("its keys may go, though others did before", () => {
    const kit = new LedgerKit({ maxKeys: 2 });
    const plan = kit.plan("5/1m");
    for (const key of ["a", "b", "c"]) kit.pass(plan, 1, { key });
    kit.ledger.load(saved(2, 1), new Map([[plan.text, plan]]));
    expect(kit.pass(plan, 1, { key: "new" })).toBeDefined();
    expect(kit.ledger.keys().toSorted()).toEqual(["1", "new"]);
  });
});
