// What is left of those who have given up: no timer that keeps the process alive.
import { expect, test } from "vitest";
import { createLimiter, type Limiter, window } from "../../src/index.ts";
import { manualClock, type ManualClock } from "../../src/testing/index.ts";
import { watch } from "../verbs/outcomes.ts";
import { farStore } from "./far-store.ts";

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
