/** Limits that go down and up again: what was admitted before still counts. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { createLimiter, type LimitsInput, pace, quota, window } from "../../src/index.ts";
import { manualClock, worstWindow } from "../../src/testing/index.ts";

const SPAN = 1000;

test("however a window's number goes up and down, no window has more than the highest number", () => {
  const steps = fc.array(
    fc.record({ count: fc.integer({ min: 1, max: 20 }), ms: fc.nat(600), asks: fc.nat(25) }),
    { minLength: 2, maxLength: 30 },
  );
  const own = fc.constantFrom({}, { key: "" });
  fc.assert(
    fc.property(steps, own, (trace, key) => {
      const clock = manualClock();
      const limiter = createLimiter<LimitsInput>(window(1, SPAN), { clock });
      const passes: { at: number; units: number }[] = [];
      let highest = 1;
      for (const { count, ms, asks } of trace) {
        highest = Math.max(highest, count);
        limiter.setLimits(window(count, SPAN), key);
        for (let i = 0; i < asks; i++) {
          if (limiter.tryAcquire().granted) passes.push({ at: clock.now(), units: 1 });
        }
        const recent = passes.filter(({ at }) => at > clock.now() - SPAN * 1e3);
        // What is there beyond this number, a higher one let through.
        if (asks >= 20) expect(recent.length).toBeGreaterThanOrEqual(count);
        clock.block(ms);
      }
      expect(worstWindow(passes, SPAN * 1e3).units).toBeLessThanOrEqual(highest);
    }),
    { numRuns: 500 },
  );
});

test("one rate of several goes down and up", () => {
  const clock = manualClock();
  const limiter = createLimiter<LimitsInput>(["10/1s", "100/1m"], { clock });
  let passed = 0;
  for (let i = 0; i < 59; i++) {
    limiter.setLimits(["10/1s", i % 2 === 0 ? "100/1m" : "50/1m"]);
    while (limiter.tryAcquire().granted) passed++;
    clock.block("1s");
  }
  expect(passed).toBe(100);
});

/** How many pass at once. */
function left(
  limiter: { tryAcquire(options?: { key: string }): { granted: boolean } },
  key = "",
): number {
  let passed = 0;
  while (limiter.tryAcquire({ key }).granted) passed++;
  return passed;
}

test.each<[string, LimitsInput]>([
  ["exact", "11/1m"],
  ["in parts", window(11, "1m", { parts: 5 })],
])("a window in parts that becomes a smaller exact one and then one %s counts all", (_, raised) => {
  const clock = manualClock();
  const limiter = createLimiter<LimitsInput>(window(11, "1m", { parts: 5 }), { clock });
  expect(left(limiter)).toBe(11);
  limiter.setLimits("5/1m");
  expect(limiter.tryAcquire().granted).toBe(false);
  limiter.setLimits(raised);
  expect(left(limiter)).toBe(0);
});

test("parts with more than a smaller exact window remembers hold it up when it is raised again", () => {
  const clock = manualClock();
  const limiter = createLimiter<LimitsInput>(window(2 ** 40, "1m", { parts: 5 }), { clock });
  limiter.tryAcquire({ cost: 5_000 });
  limiter.setLimits("5/1m");
  limiter.tryAcquire();
  limiter.setLimits("5000/1m");
  expect(limiter.tryAcquire().granted).toBe(false);
  clock.block("1m");
  expect(left(limiter)).toBe(5_000);
});

test("a limit that stays keeps its history when a newcomer is put in front of it", async () => {
  const clock = manualClock();
  const slow = pace("1/s", { burst: 10 });
  const limiter = createLimiter<LimitsInput>([slow, pace("1000/s", { burst: 100 })], { clock });
  expect(left(limiter)).toBe(10);
  await clock.advance(100);
  limiter.setLimits([pace("2000/s", { burst: 100 }), slow]);
  expect(left(limiter)).toBe(0);
});

test("a quota that stays keeps its history when a longer one is put in front of it", async () => {
  const clock = manualClock();
  const day = quota(100, "day");
  const limiter = createLimiter<LimitsInput>([day, quota(60, "1h")], { clock });
  limiter.tryAcquire({ cost: 60 });
  await clock.advance("1h");
  limiter.tryAcquire({ cost: 40 });
  await clock.advance("1h");
  limiter.setLimits([quota(1000, "week"), day]);
  expect(left(limiter)).toBe(0);
});

test("what was not used goes back to the limits that continue those it was taken from", () => {
  const clock = manualClock();
  const day = quota(100, "day");
  const limiter = createLimiter<LimitsInput>([day, quota(100, "1h")], { clock });
  const permit = limiter.tryAcquire({ cost: 100 });
  if (!permit.granted) throw new Error("refused");
  limiter.setLimits([quota(100, "week"), day]);
  expect(left(limiter)).toBe(0);
  permit.settle(60);
  const used = Object.values(limiter.peek().limits).map((limit) => limit.used);
  expect(used).toEqual([100, 60]);
});

test("a quota gives back nothing that it did not carry over", async () => {
  const clock = manualClock();
  const limiter = createLimiter<LimitsInput>(quota(9, "1s"), { clock });
  const permit = limiter.tryAcquire();
  if (!permit.granted) throw new Error("refused");
  await clock.advance("1s");
  expect(left(limiter)).toBe(9);
  limiter.setLimits(quota(10, "1m"));
  expect(left(limiter)).toBe(1);
  permit.settle(0);
  expect(left(limiter)).toBe(0);
});

test("a quota whose number changed gives back what was not used", () => {
  const limiter = createLimiter<LimitsInput>(quota(9, "1m"), { clock: manualClock() });
  const permit = limiter.tryAcquire({ cost: 9 });
  if (!permit.granted) throw new Error("refused");
  limiter.setLimits(quota(10, "1m"));
  permit.settle(4);
  expect(left(limiter)).toBe(6);
});

test("nor when its periods are the first ones again", async () => {
  const clock = manualClock();
  const limiter = createLimiter<LimitsInput>(quota(9, "1m"), { clock });
  const permit = limiter.tryAcquire();
  if (!permit.granted) throw new Error("refused");
  limiter.setLimits(quota(9, "1s"));
  limiter.tryAcquire();
  await clock.advance("1s");
  expect(left(limiter)).toBe(9);
  limiter.setLimits(quota(9, "1m"));
  expect(left(limiter)).toBe(0);
  permit.settle(0);
  expect(left(limiter)).toBe(0);
});

const OWN = window(10, "1m");
const COMMON = window(10, "1m", { per: "limiter" });

test("a limit of each key becomes one of the limiter: it starts used while a key has state", async () => {
  const clock = manualClock();
  const limiter = createLimiter<LimitsInput>(OWN, { clock });
  expect(left(limiter, "a")).toBe(10);
  await clock.advance("30s");
  limiter.setLimits(COMMON);
  expect(left(limiter, "a")).toBe(0);
  expect(left(limiter, "b")).toBe(0);
  await clock.advance("1m");
  expect(left(limiter, "b")).toBe(10);
});

test("so it does when a key is paused before anything is asked", () => {
  const limiter = createLimiter<LimitsInput>(OWN, { clock: manualClock() });
  expect(left(limiter, "a")).toBe(10);
  limiter.setLimits(COMMON);
  limiter.pause("1s", { key: "a" });
  expect(left(limiter, "b")).toBe(0);
});

test("it starts full when no key has state any more, or none ever had", async () => {
  const clock = manualClock();
  const limiter = createLimiter<LimitsInput>(OWN, { clock });
  expect(left(limiter, "a")).toBe(10);
  await clock.advance("1m");
  limiter.setLimits(COMMON);
  expect(left(limiter, "a")).toBe(10);
  const fresh = createLimiter<LimitsInput>(OWN, { clock });
  expect(left(fresh, "a")).toBe(10);
  fresh.reset();
  fresh.setLimits(COMMON);
  expect(left(fresh, "a")).toBe(10);
});
