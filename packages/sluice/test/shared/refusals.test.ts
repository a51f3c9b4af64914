// A refusal that is answered from memory says what the store would say.
import { describe, expect, test } from "vitest";
import { createLimiter, memory, window } from "../../src/index.ts";
import { sharedMemory } from "../../src/stores/shared-memory.ts";
import { sqlite } from "../../src/stores/sqlite.ts";
import { manualClock } from "../../src/testing/manual-clock.ts";
import { drivers } from "../sqlite/connections.ts";
import { farStore } from "./far-store.ts";

const stores = [
  { name: "shared memory", open: () => sharedMemory(new SharedArrayBuffer(2 ** 20), { grace: 0 }) },
  {
    name: "SQLite",
    open: () => sqlite(drivers[0]!.open(":memory:"), { grace: 0 }),
  },
  { name: "memory", open: () => memory() },
];

describe.each(stores)("$name", ({ open }) => {
  test("retryAfter is never too short, however often it is asked", () => {
    const clock = manualClock();
    const limiter = createLimiter(window(2, 10), { clock, store: open(), name: "x" });
    const ask = (): unknown => limiter.tryAcquire();
    ask();
    clock.block(0.5);
    ask();
    clock.block(0.001);
    expect(ask()).toMatchObject({ granted: false, retryAfter: 10 });
    expect(ask()).toMatchObject({ granted: false, retryAfter: 10 });
    clock.block(0.499);
    expect(ask()).toMatchObject({ granted: false, retryAfter: 9 });
    clock.block(8.999);
    expect(ask()).toMatchObject({ granted: false, retryAfter: 1 });
    clock.block(0.001);
    expect(ask()).toMatchObject({ granted: true });
  });

  test("a larger cost waits longer than the one that was refused", () => {
    const clock = manualClock();
    const limiter = createLimiter(window(5, "10s"), { clock, store: open(), name: "x" });
    for (let i = 0; i < 5; i++) {
      limiter.tryAcquire();
      clock.block("1s");
    }
    expect(limiter.tryAcquire()).toMatchObject({ retryAfter: 5000 });
    expect(limiter.tryAcquire({ cost: 5 })).toMatchObject({ retryAfter: 9000 });
    expect(limiter.tryAcquire()).toMatchObject({ retryAfter: 5000 });
  });
});

test("a store that is far away is asked again before what it refused could pass", async () => {
  const clock = manualClock();
  const store = farStore(clock, { grace: 100 });
  store.there = store.back = () => 20;
  const limiter = createLimiter(window(1, 100), { clock, store, name: "x" });
  const ask = async (): Promise<{ readonly retryAfter?: number }> => {
    const answer = limiter.tryAcquire();
    await clock.advance(40);
    const judged = await answer;
    return judged.granted ? {} : judged;
  };
  await ask();
  const { retryAfter } = await ask();
  const calls = store.calls.reserve;
  clock.block(10);
  const known = await limiter.tryAcquire();
  expect(known).toMatchObject({ granted: false, retryAfter: retryAfter! - 10 });
  expect(store.calls.reserve).toBe(calls);
  // Where the store is, it has been as long since it was asked.
  clock.block(retryAfter! - 40 - 10);
  await ask();
  expect(store.calls.reserve).toBe(calls + 1);
});
