// Answers that were longer on their way than the grace: what they admit is given back, and asked again.
import { expect, test } from "vitest";
import { createLimiter, type Limiter } from "../../src/index.ts";
import { manualClock, type ManualClock } from "../../src/testing/index.ts";
import { outcomes, watch, type Watched } from "../verbs/outcomes.ts";
import { type FarStore, farStore } from "./far-store.ts";

interface Far {
  readonly clock: ManualClock;
  readonly store: FarStore;
  readonly limiter: Limiter<"1/1s", false>;
}

/** A store from which the first answers take so many milliseconds, and the others none. */
function far(...ways: number[]): Far {
  const clock = manualClock();
  const store = farStore(clock);
  store.back = () => ways.shift() ?? 0;
  return { clock, store, limiter: createLimiter("1/1s", { store, clock, name: "x" }) };
}

test("a reservation", async () => {
  const { clock, store, limiter } = far(30);
  const booked = watch(limiter.reserve());
  await clock.advance(100);
  expect(booked.value).toMatchObject({ granted: true, wait: 0 });
  expect(store.calls).toMatchObject({ reserve: 2, amend: 1 });
  const next = watch(limiter.reserve());
  await clock.advance(0);
  // A second and the grace after 30 ms, when the store decided anew.
  expect(next.value).toMatchObject({ granted: true, wait: 30 + 1020 - 100 });
});

test("an attempt", async () => {
  const { clock, store, limiter } = far(30);
  const tried = watch(limiter.tryAcquire());
  await clock.advance(100);
  expect(tried.value).toMatchObject({ granted: true, waited: 30 });
  expect(store.calls).toMatchObject({ reserve: 2, amend: 1 });
});

test("a wait, at once: an instant ahead would be too old when it has surely come", async () => {
  const { clock, store } = far(0, 30);
  const limiter = createLimiter("1/100ms", { store, clock, name: "y" });
  const first = watch(limiter.acquire());
  await clock.advance(0);
  const second = watch(limiter.acquire());
  await clock.advance(30);
  expect(store.calls).toMatchObject({ reserve: 3, amend: 1 });
  await clock.advance(90);
  expect([first.outcome, second.outcome]).toEqual(["fulfilled", "fulfilled"]);
});

test.each(["reserve", "tryAcquire", "acquire"] as const)("%s fails when all are", async (verb) => {
  const { clock, store, limiter } = far();
  store.back = () => 30;
  const call = watch<unknown>(limiter[verb]());
  await clock.advance("2s");
  expect(call.outcome).toBe("STORE_TOO_SLOW");
  store.back = () => 0;
  const next = watch(limiter.tryAcquire());
  await clock.advance(0);
  expect(next.value).toMatchObject({ granted: true });
});

test("an answer that takes just the grace is not too late", async () => {
  const { clock, store, limiter } = far(20);
  const waiting = watch(limiter.acquire());
  await clock.advance(20);
  expect(waiting.outcome).toBe("fulfilled");
  expect(store.calls).toMatchObject({ reserve: 1, amend: 0 });
});

test("a store that is slow now and then is not too slow", async () => {
  const { clock, store } = far();
  let slow = true;
  store.back = () => {
    const ms = slow ? 30 : 0;
    slow = false;
    return ms;
  };
  const limiter = createLimiter("1/100ms", { store, clock, name: "y" });
  const calls: Watched<unknown>[] = [];
  for (let i = 0; i < 120; i++) {
    const served = (): void => {
      slow = true;
    };
    const call = limiter.acquire();
    call.then(served, served);
    calls.push(watch(call));
  }
  await clock.advance("30s");
  expect(new Set(outcomes(calls))).toEqual(new Set(["fulfilled"]));
  expect(store.calls.amend).toBeGreaterThan(16);
});
