// What is left of those who have given up: no timer that keeps the process alive, and next to nothing
// in memory.
import { afterEach, expect, test, vi } from "vitest";
import { createLimiter, type Limiter, window } from "../../src/index.ts";
import { Heap } from "../../src/heap.ts";
import { Waiter } from "../../src/queue.ts";
import { Lane } from "../../src/shared/lane.ts";
import { manualClock, type ManualClock } from "../../src/testing/index.ts";
import { watch } from "../verbs/outcomes.ts";
import { farStore } from "./far-store.ts";

afterEach(() => vi.restoreAllMocks());

const LIMITS = [
  { what: "a key", limits: window(1, "1d") },
  { what: "the limiter", limits: window(1, "1d", { per: "limiter" }) },
];

/** A limiter whose limit is used up for a day. */
async function usedUp(limits: ReturnType<typeof window>): Promise<{
  clock: ManualClock;
  limiter: Limiter<unknown, false>;
}> {
  const clock = manualClock();
  const store = farStore(clock, { notifies: true });
  const limiter = createLimiter(limits, { store, clock, name: "x" });
  await limiter.acquire({ key: "a" });
  return { clock, limiter };
}

test.each(LIMITS)("when all have given up, a limit of $what keeps nothing alive", async (each) => {
  const { clock, limiter } = await usedUp(each.limits);
  const stop = new AbortController();
  const { signal } = stop;
  const calls = ["a", "a", "b", "c"].map((key) => watch(limiter.acquire({ key, signal })));
  // Keys that have a budget of their own are served.
  const waiting = (): number => calls.filter(({ outcome }) => outcome === "pending").length;
  await clock.advance("1s");
  expect(waiting()).toBeGreaterThan(0);
  expect(clock.timers().active).toBe(1);
  stop.abort("no more");
  await clock.advance(0);
  expect(waiting()).toBe(0);
  expect(clock.timers().active).toBe(0);
  await clock.advance("23h");
  expect(clock.timers().active).toBe(0);
});

test.each(LIMITS)("who waits on is served when others gave up: a limit of $what", async (each) => {
  const { clock, limiter } = await usedUp(each.limits);
  const stop = new AbortController();
  const { signal } = stop;
  for (const key of ["a", "a", "b"]) watch(limiter.acquire({ key, signal }));
  const last = watch(limiter.acquire({ key: "a" }));
  await clock.advance("1s");
  stop.abort("no more");
  await clock.advance("23h");
  expect(last.outcome).toBe("pending");
  await clock.advance("1h");
  expect(last.outcome).toBe("fulfilled");
});

test.each(LIMITS.flatMap((each) => ["nobody", "somebody"].map((who) => ({ ...each, who }))))(
  "a limit of $what remembers few who gave up while $who waits on",
  async ({ limits, who }) => {
    const push = vi.spyOn(Heap.prototype, "push");
    const { clock, limiter } = await usedUp(limits);
    if (who === "somebody") watch(limiter.acquire({ key: "a" }));
    for (let i = 0; i < 1_000; i++) {
      const stop = new AbortController();
      for (const key of ["a", `k${i}`]) {
        // Of its own budget each key has some left.
        watch(limiter.acquire({ key, signal: stop.signal, timeout: "1w" }));
        watch(limiter.acquire({ key, signal: stop.signal, timeout: "1w" }));
      }
      await clock.advance(1);
      stop.abort("no more");
    }
    const heaps = new Set(push.mock.contexts as Heap<unknown>[]);
    const kept = Array.from(heaps, (heap) => heap.items().filter(isOurs).length);
    expect(kept.length).toBeGreaterThan(0);
    expect(Math.max(...kept)).toBeLessThan(70);
    limiter.cancelWaiting();
  },
);

/** The clock has a heap, too. */
function isOurs(item: unknown): boolean {
  return item instanceof Lane || item instanceof Waiter;
}
