// Keys of one limiter on a shared store keep to themselves: neither an answer nor a lease of one is taken
// for that of another.
import { expect, test } from "vitest";
import { concurrency, createLimiter, window } from "../../src/index.ts";
import { booked } from "../../src/shared/booked.ts";
import { memory } from "../../src/stores/memory.ts";
import { sharedMemory } from "../../src/stores/shared-memory.ts";
import type { Store } from "../../src/stores/store.ts";
import { manualClock } from "../../src/testing/index.ts";

const BYTES = 2 ** 20;

test("two keys that ask in one turn get each its own answer", async () => {
  const clock = manualClock();
  const store = sharedMemory(new SharedArrayBuffer(BYTES));
  // Nothing more fits within the time for which instants are booked ahead.
  const limiter = createLimiter(window(1, "1m"), { name: "x", store, clock });
  expect(limiter.tryAcquire({ key: "full" }).granted).toBe(true);
  const granted: string[] = [];
  for (const key of ["full", "free"]) {
    limiter.acquire({ key }).then(
      () => granted.push(key),
      () => undefined,
    );
  }
  await clock.advance("1s");
  expect(granted).toEqual(["free"]);
  await limiter[Symbol.asyncDispose]();
});

test("a released slot of one key does not end the heartbeat of another key's", async () => {
  const clock = manualClock();
  const store = sharedMemory(new SharedArrayBuffer(BYTES));
  const limits = concurrency(1, { lease: "300ms" });
  const limiter = createLimiter(limits, { name: "x", store, clock });
  const other = createLimiter(limits, { name: "x", store, clock });
  const [first, short] = ["a", "b"].map((key) => limiter.tryAcquire({ key }));
  if (!first?.granted || !short?.granted) throw new Error("both are free");
  first.release();
  const held = limiter.tryAcquire({ key: "a" });
  if (!held.granted) throw new Error("it is free again");
  expect(short.ticket).toBe(held.ticket); // tickets are numbers of their keys
  short.release();
  await clock.advance("1s");
  expect(other.tryAcquire({ key: "a" }).granted).toBe(false);
  expect(held.signal.aborted).toBe(false);
  await Promise.all([limiter, other].map((each) => each[Symbol.asyncDispose]()));
});

test("an answer that the store uses again is read before somebody else asks", async () => {
  const clock = manualClock();
  const own = memory();
  const store: Store<true> = { sync: true, waiting: booked(), open: (scope) => own.open(scope) };
  const limiter = createLimiter("1/1s", { store, clock, name: "x" });
  let passed = false;
  void limiter.acquire({ key: "a" }).then(() => (passed = true));
  limiter.tryAcquire({ key: "b" });
  expect(limiter.tryAcquire({ key: "b" })).toMatchObject({ granted: false });
  await clock.advance(1);
  expect(passed).toBe(true);
});
