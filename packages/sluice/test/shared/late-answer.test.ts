// An answer that comes later than the grace is of no use: what it took goes back, and is asked for again.
import { expect, test } from "vitest";
import { createLimiter } from "../../src/index.ts";
import { manualClock } from "../../src/testing/index.ts";
import { watch } from "../verbs/outcomes.ts";
import { farStore } from "./far-store.ts";

test("tryAcquire is not refused for what its own late answer took", async () => {
  const clock = manualClock();
  const store = farStore(clock);
  const ways = [30, 0, 0]; // the first call, as on a connection that is made for it
  store.back = () => ways.shift() ?? 0;
  const limiter = createLimiter("2/1h", { store, clock, name: "x" });
  const asked = watch(limiter.tryAcquire({ cost: 2 }));
  await clock.advance(100);
  expect(asked.value).toMatchObject({ granted: true, waited: 30 });
  expect(await limiter.peek()).toMatchObject({ granted: false });
  expect(store.calls).toMatchObject({ reserve: 2, amend: 1 });
});

test("it fails when no answer comes in time", async () => {
  const clock = manualClock();
  const store = farStore(clock);
  store.back = () => 30;
  const limiter = createLimiter("2/1h", { store, clock, name: "x" });
  const asked = watch(limiter.tryAcquire({ cost: 2 }));
  await clock.advance(1_000);
  expect(asked.outcome).toBe("STORE_TOO_SLOW");
  store.back = () => 0;
  expect(await limiter.tryAcquire({ cost: 2 })).toMatchObject({ granted: true });
});
