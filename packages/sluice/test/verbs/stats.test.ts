import { expect, test } from "vitest";
import { createLimiter } from "../../src/index.ts";
import { manualClock } from "../../src/testing/index.ts";
import { watch } from "./outcomes.ts";

test("counts what was admitted, refused and dropped, and who waits", async () => {
  const clock = manualClock();
  const limiter = createLimiter("1/1s", { clock, maxWaiting: 2 });
  expect(limiter.stats()).toEqual({ admitted: 0, refused: 0, dropped: 0, waiting: 0, keys: 0 });
  limiter.tryAcquire();
  limiter.tryAcquire();
  limiter.reserve({ maxWait: 0 });
  const calls = [1, 2, 3].map(() => watch(limiter.acquire()));
  const late = watch(limiter.acquire({ timeout: 1 }));
  await clock.advance(0);
  expect([calls[2]!.outcome, late.outcome]).toEqual(["QUEUE_FULL", "LIMIT_EXCEEDED"]);
  expect(limiter.stats()).toEqual({ admitted: 1, refused: 3, dropped: 1, waiting: 2, keys: 1 });
  await clock.advance("2s");
  expect(limiter.stats()).toEqual({ admitted: 3, refused: 3, dropped: 1, waiting: 0, keys: 1 });
  limiter.reserve();
  limiter.acquireSync();
  expect(limiter.stats()).toMatchObject({ admitted: 5, refused: 3 });
});

test("the name is that of the options", () => {
  expect(createLimiter("1/1s").name).toBe("limiter");
  expect(createLimiter("1/1s", { name: "github" }).name).toBe("github");
});
