// An instant that another limit moved close to a border of a quota: whoever holds it runs before the
// border, or not at all.
import { expect, test } from "vitest";
import { createLimiter, quota, window } from "../../src/index.ts";
import { sharedMemory } from "../../src/stores/shared-memory.ts";
import { manualClock } from "../../src/testing/index.ts";

test.each([990, 999, 1_000, 1_002])("woken at %i ms for 990", async (ran) => {
  const clock = manualClock({ wall: Date.UTC(2026, 0, 1) + 480 });
  const store = sharedMemory(new SharedArrayBuffer(2 ** 20));
  const limits = { period: quota(5, "1s"), each: window(1, "490ms") };
  const limiter = createLimiter(limits, { name: "x", store, clock });
  await limiter.acquire();
  let passed = false;
  void limiter.acquire().then(() => (passed = true));
  await clock.advance(500); // the window is padded by the grace of 20 ms
  clock.block(ran - 980);
  await clock.advance(0);
  const { used } = limiter.peek().limits.period;
  // In the period in which it ran, or still waiting for its turn in the next one.
  expect({ passed, used }).toEqual(
    ran < 1_000 ? { passed: true, used: 2 } : { passed, used: passed ? 1 : 0 },
  );
});
