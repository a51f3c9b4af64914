// Tickets are numbers of a key: two keys may hold slots of the same number.
import { expect, test } from "vitest";
import { concurrency } from "../../src/index.ts";
import { compile } from "../../src/limits/plan.ts";
import { Leases } from "../../src/shared/leases.ts";
import { manualClock } from "../../src/testing/manual-clock.ts";

const plan = compile(concurrency(2, { lease: "3s" }), 0, { now: 0, wall: 0 });

test("slots of two keys with one number are renewed, and dropped, each for itself", async () => {
  const clock = manualClock();
  const renewed: string[] = [];
  const leases = new Leases(clock, async (changes) => {
    renewed.push(...changes.map(({ key }) => key!));
    return [];
  });
  leases.hold("a", plan, 1);
  leases.hold("b", plan, 1);
  await clock.advance("1s");
  expect(renewed).toEqual(["a", "b"]);
  leases.drop("a", 1);
  expect(leases.signal("a", 1)).toBeUndefined();
  await clock.advance("1s");
  expect(renewed).toEqual(["a", "b", "b"]);
  leases.drop("b", 1);
  await clock.advance("10s");
  expect(renewed).toHaveLength(3);
});

test("a lease that was lost aborts the slot of its key alone", async () => {
  const clock = manualClock();
  const leases = new Leases(clock, async ([change]) => (change!.key === "a" ? [1] : []));
  leases.hold("a", plan, 1);
  leases.hold("b", plan, 1);
  const [lost, held] = [leases.signal("a", 1)!, leases.signal("b", 1)!];
  await clock.advance("1s");
  expect([lost.aborted, held.aborted]).toEqual([true, false]);
  expect(leases.signal("b", 1)).toBe(held);
});

test("a heartbeat that fails is followed by the next", async () => {
  const clock = manualClock();
  let beats = 0;
  const leases = new Leases(clock, async () => {
    if (++beats === 1) throw new Error("cut off");
    return [1];
  });
  leases.hold("a", plan, 1);
  const signal = leases.signal("a", 1)!;
  await clock.advance("1s");
  expect(signal.aborted).toBe(false);
  await clock.advance("1s");
  expect(signal.aborted).toBe(true);
});
