// A listener may use the limiter that calls it, in the middle of whatever that does.
import { expect, test } from "vitest";
import { createLimiter, type Limiter } from "../../src/index.ts";
import { manualClock, type ManualClock } from "../../src/testing/index.ts";
import { outcomes, watch, watchAll } from "../verbs/outcomes.ts";
import { type FarStore, farStore } from "./far-store.ts";

interface Made {
  readonly store: FarStore;
  readonly clock: ManualClock;
  readonly limiter: Limiter<"1/1s", false>;
}

function make(options: object = {}): Made {
  const clock = manualClock();
  const store = farStore(clock);
  return { clock, store, limiter: createLimiter("1/1s", { store, clock, name: "x", ...options }) };
}

test("who cancels the others while breach() lets them through counts them once", async () => {
  const { clock, limiter } = make({ maxWaiting: 3 });
  await limiter.acquire();
  const calls = watchAll([1, 2, 3].map(() => limiter.acquire()));
  const end = limiter.on("admit", () => limiter.cancelWaiting());
  limiter.breach();
  end();
  await clock.advance(0);
  expect(outcomes(calls)).toEqual(["fulfilled", "WAIT_CANCELLED", "WAIT_CANCELLED"]);
  expect(await limiter.stats()).toMatchObject({ waiting: 0, admitted: 2 });
  await limiter.reset();
  await limiter.acquire();
  const full = watchAll([1, 2, 3, 4].map(() => limiter.acquire()));
  await clock.advance(0);
  expect(outcomes(full)).toEqual(["pending", "pending", "pending", "QUEUE_FULL"]);
  limiter.cancelWaiting();
});

test("who comes when a listener has ended the breach waits", async () => {
  const { clock, limiter, store } = make();
  await limiter.acquire({ key: "b" });
  store.there = () => 5;
  const calls = watchAll(["a", "b"].map((key) => limiter.acquire({ key })));
  const end = limiter.on("admit", () => {
    end();
    void limiter.reset();
    calls.push(watch(limiter.acquire({ key: "b" })));
  });
  limiter.breach();
  await clock.advance(0);
  expect(outcomes(calls)).toEqual(["fulfilled", "WAIT_CANCELLED", "pending"]);
  limiter.cancelWaiting();
  await clock.advance("2s");
});

test("who is dropped is told by its own key, after it has made place", async () => {
  const { clock, limiter } = make({ maxWaiting: 1, overflow: "drop-oldest" });
  for (const key of ["old", "new"]) await limiter.acquire({ key });
  const heard: unknown[] = [];
  limiter.on("drop", (event) => heard.push(event));
  const calls = watchAll(["old", "new"].map((key) => limiter.acquire({ key })));
  await clock.advance(0);
  expect(outcomes(calls)).toEqual(["QUEUE_FULL", "pending"]);
  expect(heard).toEqual([{ type: "drop", key: "old", reason: "QUEUE_FULL" }]);
  limiter.cancelWaiting();
});

test("who takes the place of the dropped in a listener has it, and no more wait than may", async () => {
  const { clock, limiter } = make({ maxWaiting: 1, overflow: "drop-oldest" });
  await limiter.acquire();
  const calls = [watch(limiter.acquire())];
  const end = limiter.on("drop", () => {
    end();
    calls.push(watch(limiter.acquire()));
  });
  calls.push(watch(limiter.acquire()));
  await clock.advance(0);
  expect(outcomes(calls)).toEqual(["QUEUE_FULL", "pending", "QUEUE_FULL"]);
  expect(await limiter.stats()).toMatchObject({ waiting: 1, dropped: 2 });
  limiter.cancelWaiting();
});
