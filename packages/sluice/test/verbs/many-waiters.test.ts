/** A store is asked for several waiters of a queue at once: nobody may notice. */

import { expect, test } from "vitest";
import { concurrency, createLimiter, type Permit, window } from "../../src/index.ts";
import { memory } from "../../src/stores/memory.ts";
import type { Store } from "../../src/stores/store.ts";
import { manualClock, worstWindow } from "../../src/testing/index.ts";
import { outcomes, watch } from "./outcomes.ts";

/** A memory store that notes for how many it is asked at once. */
function counting(): { store: Store<true>; asked: number[] } {
  const asked: number[] = [];
  const store: Store<true> = {
    sync: true,
    open: (scope) => {
      const ledger = memory().open(scope);
      const { reserve } = ledger;
      return Object.assign(ledger, {
        reserve: (ask: Parameters<typeof reserve>[0]) => {
          asked.push(ask.costs.length);
          return reserve.call(ledger, ask);
        },
      });
    },
  };
  return { store, asked };
}

test("a thousand are released in order by a few questions, and never over the limit", async () => {
  const clock = manualClock();
  const { store, asked } = counting();
  const limiter = createLimiter("1000/1s", { clock, store });
  limiter.tryAcquire({ cost: 1000 });
  const order: number[] = [];
  const admissions: { at: number; units: number }[] = [];
  const calls = Array.from({ length: 2500 }, async (_, i) => {
    await limiter.acquire();
    order.push(i);
    admissions.push({ at: clock.now(), units: 1 });
  });
  asked.length = 0;
  await clock.advance("1s");
  expect(order.length).toBe(1000);
  expect(asked.length).toBeLessThan(40);
  await clock.advance("2s");
  await Promise.all(calls);
  expect(order).toEqual(calls.map((_, i) => i));
  expect(worstWindow(admissions, 1_000_000).units).toBe(1000);
});

test("those who left from the middle are passed over", async () => {
  const clock = manualClock();
  const limiter = createLimiter("20/1s", { clock });
  limiter.tryAcquire({ cost: 20 });
  const controllers = Array.from({ length: 40 }, () => new AbortController());
  const calls = controllers.map(({ signal }) => watch(limiter.acquire({ signal })));
  for (const [i, controller] of controllers.entries()) {
    if (i % 3 === 1) controller.abort(new Error("left"));
  }
  await clock.advance("1s");
  const expected = controllers.map((_, i) => (i % 3 === 1 ? "left" : i < 30 ? "in" : "waits"));
  const seen = calls.map(({ outcome, error }) =>
    error ? (error as Error).message : outcome === "fulfilled" ? "in" : "waits",
  );
  expect(seen).toEqual(expected);
  expect(limiter.stats().waiting).toBe(
    calls.length - seen.filter((each) => each !== "waits").length,
  );
});

test("costs that differ: a prefix goes, and the one that does not fit holds the rest", async () => {
  const clock = manualClock();
  const limiter = createLimiter("10/1s", { clock });
  limiter.tryAcquire({ cost: 10 });
  const calls = [1, 1, 2, 3, 4, 1, 9].map((cost) => watch(limiter.acquire({ cost })));
  await clock.advance("1s");
  expect(outcomes(calls).filter((each) => each === "fulfilled").length).toBe(4);
  await clock.advance("1s");
  expect(outcomes(calls).filter((each) => each === "fulfilled").length).toBe(6);
  await clock.advance("1s");
  expect(outcomes(calls)).toEqual(Array(7).fill("fulfilled"));
});

test("slots that are freed together are handed out to as many", async () => {
  const clock = manualClock();
  const limiter = createLimiter(concurrency(8), { clock });
  const held = await Promise.all(Array.from({ length: 8 }, () => limiter.acquire()));
  const calls = Array.from({ length: 20 }, () => watch(limiter.acquire()));
  for (const permit of held) permit.release();
  await clock.advance(0);
  expect(outcomes(calls).filter((each) => each === "fulfilled").length).toBe(8);
  const tickets = calls.slice(0, 8).map(({ value }) => (value as Permit).ticket);
  expect(new Set(tickets).size).toBe(8);
});

test("a listener that ends all waits does not take back who was admitted before it", async () => {
  const clock = manualClock();
  const limiter = createLimiter(window(64, "1s"), { clock });
  limiter.tryAcquire({ cost: 64 });
  const calls = Array.from({ length: 100 }, () => watch(limiter.acquire()));
  const heard: number[] = [];
  limiter.on("admit", () => {
    if (heard.push(limiter.stats().waiting) === 20) limiter.cancelWaiting();
  });
  await clock.advance("1s");
  const ended = outcomes(calls);
  const admitted = ended.filter((each) => each === "fulfilled").length;
  expect(heard.length).toBe(admitted);
  expect(ended.filter((each) => each === "WAIT_CANCELLED").length).toBe(100 - admitted);
  expect(limiter.stats().waiting).toBe(0);
  expect(Object.values(limiter.peek().limits)[0]!.remaining).toBe(64 - admitted);
  // A listener that asks meanwhile must not change whose permit is whose.
  const tickets = calls.flatMap(({ value }) => (value ? [(value as Permit).ticket] : []));
  expect(tickets).toEqual([...tickets].sort((a, b) => a - b));
});
