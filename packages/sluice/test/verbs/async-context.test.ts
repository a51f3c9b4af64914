/** `AsyncLocalStorage`: a job runs in its caller's context, a timer retains none. */

import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, test, vi } from "vitest";
import { concurrency, createLimiter } from "../../src/index.ts";
import { manualClock } from "../../src/testing/index.ts";
import { watch } from "./outcomes.ts";

const storage = new AsyncLocalStorage<string>();

describe("a job runs in its caller's context", () => {
  test("whoever released the slot", async () => {
    const clock = manualClock();
    const limiter = createLimiter(concurrency(1), { clock });
    const seen: unknown[] = [];
    const jobs = ["a", "b", "c"].map((name) =>
      storage.run(name, () =>
        limiter.run(async () => {
          seen.push([name, storage.getStore()]);
          await clock.advance(1);
          seen.push([name, storage.getStore()]);
        }),
      ),
    );
    await Promise.all(jobs);
    expect(seen).toEqual(["a", "a", "b", "b", "c", "c"].map((name) => [name, name]));
  });

  test("whichever timer woke it, and in a breach", async () => {
    const clock = manualClock();
    const limiter = createLimiter("1/1s", { clock });
    limiter.tryAcquire();
    const seen: unknown[] = [];
    for (const name of ["a", "b", "c"]) {
      storage.run(name, () => {
        void limiter.acquire().then(() => seen.push([name, storage.getStore()]));
      });
    }
    await storage.run("timer", () => clock.advance("1s"));
    storage.run("breach", () => limiter.breach());
    await clock.advance(0);
    expect(seen).toEqual([
      ["a", "a"],
      ["b", "b"],
      ["c", "c"],
    ]);
  });

  test("through wrap and map", async () => {
    const limiter = createLimiter("9/1s");
    const wrapped = limiter.wrap(() => storage.getStore());
    expect(await storage.run("wrap", () => wrapped())).toBe("wrap");
    const mapped = await storage.run("map", async () => {
      const all: unknown[] = [];
      for await (const store of limiter.map([1, 2], () => storage.getStore())) all.push(store);
      return all;
    });
    expect(mapped).toEqual(["map", "map"]);
  });
});

test("timers armed inside a request do not retain it", async () => {
  const contexts: unknown[] = [];
  const { setTimeout, setImmediate } = globalThis;
  const spies = [
    vi.spyOn(globalThis, "setTimeout").mockImplementation(((...args: [() => void, number]) => {
      contexts.push(storage.getStore());
      return setTimeout(...args);
    }) as never),
    vi.spyOn(globalThis, "setImmediate").mockImplementation(((...args: [() => void]) => {
      contexts.push(storage.getStore());
      return setImmediate(...args);
    }) as never),
  ];
  const limiter = createLimiter({ slots: concurrency(1) });
  const call = storage.run("request", () => {
    limiter.tryAcquire(); // arms the sweep
    return watch(limiter.acquire({ timeout: "1h" })); // arms the waiters' timer
  });
  await storage.run("request", () => limiter.acquire({ key: "b" })); // arms the end of the turn
  for (const spy of spies) spy.mockRestore();
  expect(contexts).toEqual([undefined, undefined, undefined]);
  await limiter[Symbol.asyncDispose]();
  await Promise.resolve();
  expect(call.value).toBe(undefined);
});
