// A release on a store that answers at once is typed as done: nobody awaits it, so it rejects nowhere.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { concurrency, createLimiter, quota, window } from "../../src/index.ts";
import { sharedMemory } from "../../src/stores/shared-memory.ts";
import { sqlite } from "../../src/stores/sqlite.ts";
import type { Store } from "../../src/stores/store.ts";
import { manualClock } from "../../src/testing/manual-clock.ts";
import { granted } from "../verbs/outcomes.ts";
import { drivers } from "./connections.ts";

const uncaught: unknown[] = [];
const note = (error: unknown): void => void uncaught.push(error);
beforeEach(() => {
  uncaught.length = 0;
  process.on("unhandledRejection", note);
});
afterEach(() => void process.off("unhandledRejection", note));

/** Longer than all attempts to tell the store, and until Node has looked for who catches. */
async function end(clock: ReturnType<typeof manualClock>): Promise<void> {
  for (let i = 0; i < 5; i++) await clock.advance("1s");
  await new Promise((resolve) => void setImmediate(resolve));
}

const stores: { name: string; open: () => Store<true> }[] = [
  { name: "shared memory", open: () => sharedMemory(new SharedArrayBuffer(2 ** 20)) },
  ...drivers.map(({ name, open }) => ({ name, open: () => sqlite(open(":memory:")) })),
];

describe.each(stores)("$name", ({ open }) => {
  test("what was settled of another kind of limit by now", async () => {
    const clock = manualClock();
    const limiter = createLimiter({ a: window(5, "1s") }, { clock, store: open(), name: "x" });
    const permit = granted(limiter.tryAcquire({ cost: { a: 3 } }));
    limiter.setLimits({ a: quota(5, "1s") });
    await clock.advance("20s");
    limiter.tryAcquire();
    permit.settle({ a: 1 });
    expect(permit.release()).toBeUndefined();
    await end(clock);
    expect(uncaught).toEqual([]);
  });
});

test.each(drivers)("a database that was closed: $name", async (driver) => {
  const clock = manualClock();
  const connection = driver.open(":memory:");
  const store = sqlite(connection);
  const limiter = createLimiter(concurrency(1), { clock, store, name: "x" });
  const permit = granted(limiter.tryAcquire());
  connection.close();
  expect(permit.release()).toBeUndefined();
  await end(clock);
  expect(uncaught).toEqual([]);
});
