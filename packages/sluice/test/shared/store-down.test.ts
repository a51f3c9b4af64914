// What came of the work is not lost because the store went away meanwhile.
import { describe, expect, test } from "vitest";
import { concurrency, createLimiter, type Limiter } from "../../src/index.ts";
import { manualClock, type ManualClock } from "../../src/testing/index.ts";
import { watch } from "../verbs/outcomes.ts";
import { farStore, type FarStore } from "./far-store.ts";

/** More than all attempts to tell the store take. */
const ATTEMPTS = "1s";

function scene(): { clock: ManualClock; store: FarStore; limiter: Limiter<unknown, false> } {
  const clock = manualClock();
  const store = farStore(clock);
  return { clock, store, limiter: createLimiter(concurrency(1), { store, clock, name: "x" }) };
}

describe.each([
  { what: "a result", fn: () => Promise.resolve("done"), outcome: "fulfilled" },
  { what: "an error", fn: () => Promise.reject("no luck"), outcome: "no luck" },
])("$what of run() stands", ({ fn, outcome }) => {
  test.each([
    { when: "when the slot cannot be released", options: {} },
    { when: "when the gate cannot be closed", options: { pauseOn: () => "1m" as const } },
  ])("$when", async ({ options }) => {
    const { clock, store, limiter } = scene();
    const work = (): Promise<string> => {
      store.failure = new Error("the store is down");
      return fn();
    };
    const call = watch(limiter.run(work, options));
    await clock.advance(ATTEMPTS);
    expect(call.outcome).toBe(outcome);
  });
});

test("a release that fails rejects, and a disposal does not", async () => {
  const { clock, store, limiter } = scene();
  const released = await limiter.acquire({ key: "a" });
  const disposed = await limiter.acquire({ key: "b" });
  store.failure = new Error("the store is down");
  const ends = [released.release(), Promise.resolve(disposed[Symbol.asyncDispose]())].map(watch);
  await clock.advance(ATTEMPTS);
  expect(ends.map(({ outcome }) => outcome)).toEqual([store.failure, "fulfilled"]);
});
