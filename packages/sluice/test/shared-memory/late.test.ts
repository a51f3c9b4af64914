// A thread that was stopped between the store's reading of its clock and the caller: what it was
// granted is too old to be used, goes back, and is asked for again.
import { expect, test } from "vitest";
import { createLimiter } from "../../src/limiter.ts";
import type { Limiter } from "../../src/limiter-surface.ts";
import { window } from "../../src/limits/window/window.ts";
import { sharedMemory } from "../../src/stores/shared-memory.ts";
import { manualClock } from "../../src/testing/manual-clock.ts";

/** A limiter whose thread is stopped for 30 ms after the readings of its clock that are named. */
function stopped(at: (reading: number) => boolean): {
  limiter: Limiter;
  start: () => void;
} {
  const clock = manualClock();
  let readings = Number.NaN;
  const wall = clock.wall.bind(clock);
  clock.wall = () => {
    const now = wall();
    if (at(++readings)) clock.block(30);
    return now;
  };
  const store = sharedMemory(new SharedArrayBuffer(65_536));
  const limiter = createLimiter(window(3, "1h"), { name: "n", store, clock });
  limiter.tryAcquire({ key: "k" });
  return { limiter, start: () => void (readings = 0) };
}

test("a grant that comes too late goes back, and another one is asked for", () => {
  const { limiter, start } = stopped((reading) => reading === 1);
  start();
  const first = limiter.tryAcquire({ key: "k" });
  expect(first.granted && first.waited).toBe(30);
  expect(limiter.tryAcquire({ key: "k" }).granted).toBe(true);
  expect(limiter.tryAcquire({ key: "k" }).granted).toBe(false);
});

test("grants that always come too late are a failure, not a grant and not a refusal", () => {
  const { limiter, start } = stopped((reading) => reading > 0);
  start();
  expect(() => limiter.tryAcquire({ key: "k" })).toThrow(
    expect.objectContaining({ code: "STORE_TOO_SLOW" }),
  );
});
