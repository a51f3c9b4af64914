// A listener may use the limiter that calls it, in the middle of whatever that does.
import { describe, expect, test } from "vitest";
import {
  concurrency,
  createLimiter,
  type Limiter,
  type LimitsInput,
  window,
} from "../../src/index.ts";
import { manualClock, type ManualClock } from "../../src/testing/index.ts";
import { outcomes, watch, watchAll, type Watched } from "../verbs/outcomes.ts";
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

describe("what a listener calls", () => {
  const TYPES = ["admit", "refuse", "wait", "release", "pause", "drop"] as const;
  type Act = (limiter: Limiter<LimitsInput, false>, keep: (call: Promise<unknown>) => void) => void;
  const ACTS: Record<string, Act> = {
    "tryAcquire()": (limiter, keep) => keep(tryAndRelease(limiter)),
    "acquire()": (limiter, keep) => keep(limiter.run(none, { key: "a", timeout: "1w" })),
    "acquire() for another key": (limiter, keep) => keep(limiter.run(none, { key: "z" })),
    "cancelWaiting()": (limiter) => limiter.cancelWaiting(),
    "cancelWaiting() for a key": (limiter) => limiter.cancelWaiting({ key: "a" }),
    "breach()": (limiter) => limiter.breach(),
    "reset()": (limiter, keep) => keep(limiter.reset()),
    "pause()": (limiter, keep) => keep(limiter.pause("1s")),
    "setLimits()": (limiter) => limiter.setLimits(["4/1s", concurrency(3)]),
    "close()": (limiter, keep) => keep(limiter[Symbol.asyncDispose]()),
  };
  const LIMITS: Record<string, LimitsInput> = {
    "a window": ["2/1s", "1000/1d"],
    slots: [concurrency(2)],
    "a window under all keys": [window(2, "1s", { per: "limiter" })],
  };
  const cases = Object.keys(LIMITS).flatMap((limits) =>
    TYPES.flatMap((type) => Object.keys(ACTS).map((act) => ({ limits, type, act }))),
  );

  test.each(cases)("$act at $type, with $limits", async ({ limits, type, act }) => {
    const clock = manualClock();
    const store = farStore(clock, { notifies: true });
    const limiter = createLimiter<LimitsInput, false>(LIMITS[limits]!, {
      store,
      clock,
      name: "x",
      maxWaiting: 6,
      overflow: "drop-oldest",
    });
    const calls: Watched<unknown>[] = [];
    const keep = (call: Promise<unknown>): void => void calls.push(watch(call));
    let left = 3;
    limiter.on(type, () => {
      if (left-- > 0) ACTS[act]!(limiter, keep);
    });
    const work = (): Promise<void> =>
      new Promise((resolve) => void clock.setTimer(10, () => resolve()));
    for (const key of ["a", "b", "a", "a", "b", "a", "c", "a"]) {
      keep(limiter.run(work, { key }));
      keep(limiter.run(work, { key, timeout: "1d" }));
      keep(tryAndRelease(limiter, key));
    }
    keep(attempt(() => limiter.pause(100)));
    await clock.advance("1s");
    keep(attempt(async () => limiter.reset({ key: "b" })));
    for (const key of ["a", "b"]) keep(limiter.run(work, { key }));
    await clock.advance("1h");
    expect(outcomes(calls)).not.toContain("pending");
    expect((await limiter.stats()).waiting).toBe(0);
    await limiter[Symbol.asyncDispose]();
    expect(clock.timers().active).toBe(0);
    const { amend } = store.calls;
    await clock.advance("1h");
    expect(store.calls.amend).toBe(amend);
  });
});

async function attempt(call: () => unknown): Promise<unknown> {
  return call();
}

async function tryAndRelease(limiter: Limiter<LimitsInput, false>, key = "a"): Promise<void> {
  const answer = await limiter.tryAcquire({ key });
  if (answer.granted) await answer.release();
}

function none(): void {}
