// Keys that are idle are forgotten without traffic, by one timer that holds no process.
import { expect, test } from "vitest";
import { LedgerKit } from "../../../test/limits/ledger-kit.ts";
import { concurrency } from "../../limits/concurrency/builder.ts";
import { window } from "../../limits/window/window.ts";

test("a key goes when its window has passed, and not before", async () => {
  const kit = new LedgerKit();
  const plan = kit.plan("2/5s");
  kit.pass(plan, 2, { key: "a" });
  await kit.clock.advance("2s");
  kit.pass(plan, 2, { key: "b" });
  await kit.clock.advance("2999ms");
  expect(kit.ledger.keys()).toEqual(["a", "b"]);
  await kit.clock.advance("1ms");
  expect(kit.ledger.keys()).toEqual(["b"]);
  await kit.clock.advance("2s");
  expect(kit.ledger.keys()).toEqual([]);
});

test("also on a clock that begins at zero", async () => {
  const kit = new LedgerKit({ now: 0, wall: 0 });
  const plan = kit.plan(["1/1m", "1/1m fixed", "1/1m parts 6", "1/1m even"]);
  kit.pass(plan);
  await kit.clock.advance("30s");
  expect(kit.ledger.keys()).toEqual([""]);
  expect(kit.pass(plan)).toBeUndefined();
  await kit.clock.advance("2m");
  expect(kit.ledger.keys()).toEqual([]);
});

test("one idle timer while there are keys, and none when they are gone", async () => {
  const kit = new LedgerKit();
  expect(kit.clock.timers()).toEqual({ active: 0, idle: 0 });
  const plan = kit.plan("2/5s");
  for (const key of ["a", "b", "c"]) kit.pass(plan, 1, { key });
  expect(kit.clock.timers()).toEqual({ active: 0, idle: 1 });
  await kit.clock.advance("3s");
  expect(kit.clock.timers()).toEqual({ active: 0, idle: 1 });
  await kit.clock.advance("1m");
  expect(kit.ledger.keys()).toEqual([]);
  expect(kit.clock.timers()).toEqual({ active: 0, idle: 0 });
  kit.pass(plan, 1, { key: "again" });
  expect(kit.clock.timers()).toEqual({ active: 0, idle: 1 });
  kit.ledger.close();
  expect(kit.clock.timers()).toEqual({ active: 0, idle: 0 });
});

test("a key that is waited for stays until nobody waits", async () => {
  const waited = new Set(["a"]);
  const kit = new LedgerKit({ isWaited: (key) => waited.has(key) });
  kit.pass(kit.plan("1/1s"), 1, { key: "a" });
  await kit.clock.advance("10m");
  expect(kit.ledger.keys()).toEqual(["a"]);
  waited.clear();
  await kit.clock.advance("1m");
  expect(kit.ledger.keys()).toEqual([]);
});

test("a key that holds a slot stays until its cooldown after the release", async () => {
  const kit = new LedgerKit();
  const plan = kit.plan(concurrency(2, { cooldown: "10s" }));
  const held = kit.pass(plan, 1, { key: "a" })!;
  await kit.clock.advance("1h");
  expect(kit.ledger.keys()).toEqual(["a"]);
  kit.release(held);
  await kit.clock.advance("9s");
  expect(kit.ledger.keys()).toEqual(["a"]);
  await kit.clock.advance("1m");
  expect(kit.ledger.keys()).toEqual([]);
});

test("a paused key stays until its gate opens", async () => {
  const kit = new LedgerKit();
  const plan = kit.plan("1/1s");
  kit.ledger.amend([{ kind: "gate", key: "a", plan, until: kit.ledger.now() + 600e6 }]);
  await kit.clock.advance("9m");
  expect(kit.pass(plan, 1, { key: "a" })).toBeUndefined();
  await kit.clock.advance("2m");
  expect(kit.ledger.keys()).toEqual([]);
});

test("a hundred thousand keys are looked at in slices, and all go", async () => {
  const kit = new LedgerKit({ maxKeys: 200_000 });
  const plan = kit.plan(window(3, "1s"));
  for (let i = 0; i < 100_000; i++) kit.pass(plan, 1, { key: `k${i}` });
  await kit.clock.advance("3s");
  expect(kit.ledger.keys()).toEqual([]);
  expect(kit.pass(plan, 3, { key: "k5" })).toBeDefined();
});

test("what goes and comes back keeps the promise", async () => {
  const kit = new LedgerKit();
  const plan = kit.plan("1/1s");
  const instants: number[] = [];
  for (let i = 0; i < 400; i++) {
    const pass = kit.pass(plan, 1, { key: "a" });
    if (pass) instants.push(pass.at);
    await kit.clock.advance("130ms");
  }
  const gaps = instants.slice(1).map((at, i) => at - instants[i]!);
  expect(new Set(gaps)).toEqual(new Set([1_040_000]));
});
