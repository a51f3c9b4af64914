// Who holds slots of a shared store learns when they were lost. Tickets are numbers of a key: two keys may
// hold slots of the same number.
import { expect, test } from "vitest";
import { concurrency, createLimiter, window } from "../../src/index.ts";
import { compile } from "../../src/limits/plan.ts";
import { LeasedGrant } from "../../src/shared/leased-grant.ts";
import { Leases } from "../../src/shared/leases.ts";
import { sharedMemory } from "../../src/stores/shared-memory.ts";
import { manualClock } from "../../src/testing/manual-clock.ts";
import { granted } from "../verbs/outcomes.ts";

const plan = compile(concurrency(2, { lease: "3s" }), 0, { now: 0, wall: 0 });

/** The first slot of a key. */
function slotOf(key: string): LeasedGrant {
  return new LeasedGrant(undefined as never, key, plan, [1], 0, 1, 0, undefined);
}

test("slots of two keys with one number are renewed, and dropped, each for itself", async () => {
  const clock = manualClock();
  const renewed: string[] = [];
  const leases = new Leases(clock, async (changes) => {
    renewed.push(...changes.map(({ key }) => key!));
    return [];
  });
  const [a, b] = [slotOf("a"), slotOf("b")];
  leases.hold(a);
  leases.hold(b);
  await clock.advance("1s");
  expect(renewed).toEqual(["a", "b"]);
  leases.drop("a", 1);
  await clock.advance("1s");
  expect(renewed).toEqual(["a", "b", "b"]);
  leases.drop("b", 1);
  await clock.advance("10s");
  expect(renewed).toHaveLength(3);
});

test("a lease that was lost aborts the slot of its key alone", async () => {
  const clock = manualClock();
  const leases = new Leases(clock, async ([change]) => (change!.key === "a" ? [1] : []));
  const [a, b] = [slotOf("a"), slotOf("b")];
  leases.hold(a);
  leases.hold(b);
  const before = [a.signal, b.signal];
  await clock.advance("1s");
  expect(before.map(({ aborted }) => aborted)).toEqual([true, false]);
  expect(a.signal).toBe(before[0]);
  expect(b.signal).toBe(before[1]);
});

test("a heartbeat that fails is followed by the next", async () => {
  const clock = manualClock();
  let beats = 0;
  const leases = new Leases(clock, async () => {
    if (++beats === 1) throw new Error("cut off");
    return [1];
  });
  const a = slotOf("a");
  leases.hold(a);
  await clock.advance("1s");
  expect(a.signal.aborted).toBe(false);
  await clock.advance("1s");
  expect(a.signal.aborted).toBe(true);
});

test("a signal that is first read after the loss is aborted, too", async () => {
  const clock = manualClock();
  const store = sharedMemory(new SharedArrayBuffer(2 ** 20));
  const [holder, other] = [0, 1].map(() =>
    createLimiter(concurrency(1, { lease: "10s" }), { store, clock, name: "x" }),
  );
  const permit = granted(holder!.tryAcquire());
  const before = permit.signal;
  clock.block("30s");
  granted(other!.tryAcquire());
  await clock.advance("10s");
  expect(before.aborted).toBe(true);
  expect(permit.signal).toBe(before);
  expect(() => permit.signal.throwIfAborted()).toThrow("the lease of this slot was lost");

  const unread = granted(holder!.tryAcquire({ key: "b" }));
  clock.block("30s");
  granted(other!.tryAcquire({ key: "b" }));
  await clock.advance("10s");
  expect(unread.signal.aborted).toBe(true);
});

test("who holds no slot, from the start or since it settled, has nothing to lose", async () => {
  const clock = manualClock();
  const store = sharedMemory(new SharedArrayBuffer(2 ** 20));
  const limits = { calls: window(9, "1s"), slots: concurrency(3, { lease: "10s" }) };
  const limiter = createLimiter(limits, { store, clock, name: "x" });
  const without = granted(limiter.tryAcquire({ cost: { slots: 0 } }));
  const settled = granted(limiter.tryAcquire());
  const kept = granted(limiter.tryAcquire({ cost: { slots: 2 } }));
  settled.settle({ slots: 0 });
  kept.settle({ slots: 1 });
  const signals = [without.signal, settled.signal, kept.signal];
  await clock.advance("20s");
  expect(signals.map(({ aborted }) => aborted)).toEqual([false, false, false]);
});

test("a permit that holds slots of one limit of two keeps them", async () => {
  const clock = manualClock();
  const limits = { a: concurrency(2), b: concurrency(1) };
  for (const settled of [false, true]) {
    const store = sharedMemory(new SharedArrayBuffer(2 ** 20));
    const limiter = createLimiter(limits, { clock, store, name: "x" });
    const permit = granted(limiter.tryAcquire(settled ? {} : { cost: { a: 0, b: 1 } }));
    if (settled) permit.settle({ a: 0 });
    await clock.advance("42s");
    expect(permit.signal.aborted).toBe(false);
    expect(limiter.tryAcquire({ cost: { a: 0, b: 1 } }).granted).toBe(false);
    await limiter[Symbol.asyncDispose]();
  }
});

test("a lease that misses what was settled meanwhile is not lost", async () => {
  const clock = manualClock();
  const slot = slotOf("a");
  const leases = new Leases(clock, async () => {
    leases.settle("a", 1, [1]);
    return [1];
  });
  leases.hold(slot);
  await clock.advance("1s");
  expect(slot.signal.aborted).toBe(false);
});
