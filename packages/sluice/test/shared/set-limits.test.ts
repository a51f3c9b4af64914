// New limits while callers wait for a shared store: whatever is wrong with them, nobody is forgotten.
import { expect, test } from "vitest";
import { createLimiter, type LimitsInput } from "../../src/index.ts";
import { manualClock } from "../../src/testing/index.ts";
import { codeOf, outcomes, watch } from "../verbs/outcomes.ts";
import { farStore } from "./far-store.ts";

test("limits that make no sense change nothing for those who wait", async () => {
  const clock = manualClock();
  const store = farStore(clock);
  const limiter = createLimiter<LimitsInput, false>("1/1s", { store, clock, name: "x" });
  await limiter.acquire();
  const waits = [0, 1].map(() => watch(limiter.acquire()));
  await clock.advance(500);
  for (const key of [undefined, "default", "other"]) {
    const where = key === undefined ? {} : { key };
    expect(codeOf(() => limiter.setLimits("nonsense" as "1/1s", where))).toBe("INVALID_OPTION");
    expect(codeOf(() => limiter.setLimits([], where))).toBe("INVALID_OPTION");
  }
  expect(store.calls.amend).toBe(0);
  await clock.advance(520);
  expect(outcomes(waits)).toEqual(["fulfilled", "pending"]);
  await clock.advance(1_020);
  expect(outcomes(waits)).toEqual(["fulfilled", "fulfilled"]);
  expect(Object.keys((await limiter.peek()).limits)).toEqual(["1/1s"]);
});

test("where limitsFor fails for one key, its waiters are told so, and the others go on", async () => {
  const clock = manualClock();
  const store = farStore(clock);
  let fails = false;
  const limitsFor = (key: string): undefined => {
    if (fails && key === "a") throw new Error("no such tenant");
  };
  const options = { store, clock, name: "x", limitsFor };
  const limiter = createLimiter<LimitsInput, false>("1/1s", options);
  const keys = ["b", "a", "c"];
  for (const key of keys) await limiter.acquire({ key });
  const waits = keys.map((key) => watch(limiter.acquire({ key })));
  // They have instants in hand.
  await clock.advance(500);
  fails = true;
  limiter.setLimits("2/1s");
  await clock.advance(1);
  expect(outcomes(waits)).toEqual(["fulfilled", new Error("no such tenant"), "fulfilled"]);
  fails = false;
  expect(await limiter.tryAcquire({ key: "a" })).toMatchObject({ granted: true });
  expect(await limiter.stats()).toMatchObject({ waiting: 0 });
});

test("a call under way for a key whose limits cannot be told goes back", async () => {
  const clock = manualClock();
  const store = farStore(clock);
  store.there = () => 5;
  let fails = false;
  const limitsFor = (): undefined => {
    if (fails) throw new Error("no such tenant");
  };
  const options = { store, clock, name: "x", limitsFor };
  const limiter = createLimiter<LimitsInput, false>("1/1s", options);
  const waits = watch(limiter.acquire());
  await clock.advance(1);
  fails = true;
  limiter.setLimits("2/1s");
  fails = false;
  await clock.advance(20);
  expect(waits.outcome).toEqual(new Error("no such tenant"));
  store.there = () => 0;
  expect((await limiter.peek()).limits["2/1s"]).toMatchObject({ used: 0 });
});
