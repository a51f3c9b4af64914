// `start: "used"`: a cold key begins as if all had been used when the store was opened, for a server
// that still remembers what an earlier process sent.
import { expect, test } from "vitest";
import { LedgerKit } from "../../../test/limits/ledger-kit.ts";
import type { LimitsInput } from "../../limits/plan.ts";

const HOUR = 3600e6;

test.each<[LimitsInput, first: number, whole: number]>([
  ["3/10s", 10e6, 10e6],
  [["3/10s", "5/1m"], 60e6, 60e6],
  ["3/10s parts 5", 10e6, 10e6],
  ["3/s burst 3", 333_334, 1e6],
  ["3/day", 12 * HOUR, 12 * HOUR],
  ["3/1h fixed", HOUR / 2, HOUR / 2],
  ["3 at once", 0, 0],
  ["unlimited", 0, 0],
])("%j: the first after %d µs, all of it after %d µs", (limits, first, whole) => {
  const kit = new LedgerKit({
    start: "used",
    wall: Date.UTC(2026, 0, 1, 12, 30) - 30 * 60e3 * Number(limits === "3/day"),
  });
  const plan = kit.plan(limits);
  const opened = kit.ledger.now();
  expect(kit.until(plan, 1, "a")).toBe(opened + first);
  expect(kit.until(plan, 3, "a")).toBe(opened + whole);
  if (whole === 0) return;
  kit.block(whole - 1);
  expect(kit.pass(plan, 3, { key: "a" })).toBeUndefined();
  kit.block(1);
  expect(kit.pass(plan, 3, { key: "a" })).toBeDefined();
  expect(kit.pass(plan, 1, { key: "a" })).toBeUndefined();
});

test("it is the opening that counts, however late a key is first seen", () => {
  const kit = new LedgerKit({ start: "used" });
  const plan = kit.plan(["3/10s", "3/10s parts 5", "3/s burst 3"]);
  kit.block(10e6);
  expect(kit.pass(plan, 3, { key: "late" })).toBeDefined();
});

test("a booking that is cancelled does not open what began used", () => {
  for (const limits of ["3/10s", "3/10s parts 5", "1/5s burst 3", "3/1h fixed"] as const) {
    const kit = new LedgerKit({ start: "used", wall: Date.UTC(2026, 0, 1) });
    const plan = kit.plan(limits);
    const before = kit.until(plan);
    const booked = kit.pass(plan, 3, { maxWait: HOUR })!;
    kit.cancel(booked);
    expect(kit.until(plan)).toBeGreaterThanOrEqual(before);
    expect(kit.pass(plan)).toBeUndefined();
  }
});

test("limits under all keys begin used as well", () => {
  const kit = new LedgerKit({ start: "used" });
  const { limit } = kit.plan("3/10s").rules[0]!;
  const plan = kit.plan({ each: "unlimited", all: { ...limit, per: "limiter" } });
  expect(kit.until(plan)).toBe(kit.ledger.now() + 10e6);
});

test("a key that was forgotten begins as it would have by now", async () => {
  const kit = new LedgerKit({ start: "used" });
  const plan = kit.plan("3/10s");
  await kit.clock.advance("10s");
  kit.pass(plan, 3, { key: "a" });
  await kit.clock.advance("1m");
  expect(kit.ledger.keys()).toEqual([]);
  expect(kit.pass(plan, 3, { key: "a" })).toBeDefined();
});
