// Answers that were longer on their way than the grace: what they admit is given back, and asked again.
import { expect, test } from "vitest";
import { createLimiter, type Limiter } from "../../src/index.ts";
import { manualClock, type ManualClock } from "../../src/testing/index.ts";
import { watch } from "../verbs/outcomes.ts";
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

test.each(["reserve", "tryAcquire"] as const)("%s fails when all of them are", async (verb) => {
  const { clock, limiter } = far(...Array<number>(8).fill(30));
  const call = watch<unknown>(limiter[verb]());
  await clock.advance("1s");
  expect(call.outcome).toBe("STORE_TOO_SLOW");
  const next = watch(limiter.tryAcquire());
  await clock.advance(0);
  expect(next.value).toMatchObject({ granted: true });
});
