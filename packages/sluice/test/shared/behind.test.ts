// Who is behind others: tryAcquire and peek are of one mind.
import { expect, test } from "vitest";
import { createLimiter } from "../../src/index.ts";
import { manualClock } from "../../src/testing/index.ts";
import { watch } from "../verbs/outcomes.ts";
import { farStore } from "./far-store.ts";

test("a call under way for somebody who has gone holds nobody back", async () => {
  const clock = manualClock();
  const store = farStore(clock);
  store.there = () => 5;
  const limiter = createLimiter("5/1s", { store, clock, name: "x" });
  const stop = new AbortController();
  const gone = watch(limiter.acquire({ signal: stop.signal }));
  await clock.advance(1);
  stop.abort("gone");
  const tried = watch(limiter.tryAcquire());
  const seen = watch(limiter.peek());
  await clock.advance(5);
  expect(gone.outcome).toBe("gone");
  expect(seen.value).toMatchObject({ granted: true });
  expect(tried.value).toMatchObject({ granted: true });
});

test("somebody who waits holds newcomers back, but who barges", async () => {
  const clock = manualClock();
  const store = farStore(clock);
  store.there = () => 5;
  const limiter = createLimiter("5/1s", { store, clock, name: "x" });
  const waiting = watch(limiter.acquire());
  await clock.advance(1);
  const tried = watch(limiter.tryAcquire());
  const barged = watch(limiter.tryAcquire({ barge: true }));
  const seen = watch(limiter.peek());
  await clock.advance(5);
  expect(waiting.outcome).toBe("fulfilled");
  expect(seen.value).toMatchObject({ granted: false });
  expect(tried.value).toMatchObject({ granted: false });
  expect(barged.value).toMatchObject({ granted: true });
});

test("what those who wait have in hand counts once", async () => {
  const clock = manualClock();
  const limiter = createLimiter("4/1s", { store: farStore(clock), clock, name: "x" });
  for (let i = 0; i < 4; i++) await limiter.acquire();
  await clock.advance(500);
  for (let i = 0; i < 4; i++) watch(limiter.acquire());
  await clock.advance(100);
  // Four go at 1020 ms, and so the next at 2040 ms.
  const answer = { granted: false, limit: "4/1s", retryAfter: 2_040 - 600 };
  expect(await limiter.peek()).toMatchObject(answer);
  expect(await limiter.tryAcquire()).toMatchObject(answer);
  expect(await limiter.explain()).toMatchObject({ forecast: 2_040 - 600 });
  limiter.cancelWaiting();
});
