// Keys that wait for one limit of the whole limiter stand in one line, and only its front asks.
import { expect, test } from "vitest";
import { concurrency, createLimiter, window } from "../../src/index.ts";
import { manualClock } from "../../src/testing/index.ts";
import { outcomes, watch } from "../verbs/outcomes.ts";
import { farStore } from "./far-store.ts";

test("a thousand keys are served in the order of their arrival, and ask one after another", async () => {
  const clock = manualClock();
  const store = farStore(clock);
  store.there = store.back = () => 0.5;
  const total = window(10, "1s", { per: "limiter" });
  const limiter = createLimiter({ total }, { store, clock, name: "x" });
  const served: number[] = [];
  for (let i = 0; i < 1_000; i++) {
    void limiter.acquire({ key: `k${i}` }).then(() => served.push(i));
  }
  await clock.advance(500);
  expect(served).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const atFirst = store.calls.reserve;
  expect(atFirst).toBeLessThan(60);
  await clock.advance(10 * 1_020);
  expect(served).toEqual(Array.from({ length: 110 }, (_, i) => i));
  expect((store.calls.reserve - atFirst) / 100).toBeLessThan(3);
});

test("a key that its own limit holds back blocks nobody", async () => {
  const clock = manualClock();
  const store = farStore(clock);
  const limits = { total: window(4, "1s", { per: "limiter" }), each: window(1, "10s") };
  const limiter = createLimiter(limits, { store, clock, name: "x" });
  const served: string[] = [];
  for (const key of ["a", "a", "b", "c", "d", "e"]) {
    void limiter.acquire({ key }).then(() => served.push(key));
  }
  await clock.advance(900);
  expect(served).toEqual(["a", "b", "c", "d"]);
  await clock.advance(200);
  expect(served).toEqual(["a", "b", "c", "d", "e"]);
  await clock.advance("10s");
  expect(served).toEqual(["a", "b", "c", "d", "e", "a"]);
});

test("those of one key do not go before who came earlier for another", async () => {
  const clock = manualClock();
  const store = farStore(clock);
  const total = window(16, "1s", { per: "limiter" });
  const limiter = createLimiter({ total }, { store, clock, name: "x" });
  await limiter.acquire({ key: "z", cost: 16 });
  const served: { key: string; ticket: number }[] = [];
  for (const key of ["a", "b", "a", "a", "b", "a"]) {
    await clock.advance(1);
    void limiter.acquire({ key }).then(({ ticket }) => served.push({ key, ticket }));
  }
  await clock.advance("2s");
  // All of them go on at one instant; tickets rise as they were booked.
  const booked = served.toSorted((a, b) => a.ticket - b.ticket).map(({ key }) => key);
  expect(booked).toEqual(["a", "b", "a", "a", "b", "a"]);
});

test("a slot that one key releases goes to whoever came first of all keys", async () => {
  const clock = manualClock();
  const store = farStore(clock);
  const limits = concurrency(1, { per: "limiter" });
  const limiter = createLimiter(limits, { store, clock, name: "x" });
  const first = await limiter.acquire({ key: "first" });
  const served: number[] = [];
  for (let i = 0; i < 100; i++) {
    void limiter.run(() => void served.push(i), { key: `k${i}` });
  }
  await clock.advance(50);
  const before = store.calls.reserve;
  await first.release();
  await clock.advance(1);
  expect(served).toEqual(Array.from({ length: 100 }, (_, i) => i));
  expect(store.calls.reserve - before).toBeLessThan(300);
});

test("who takes nothing of the common limit stands in no line, whoever waits there", async () => {
  const clock = manualClock();
  const limits = { all: concurrency(1, { per: "limiter" }), each: window(1, "1s") };
  const limiter = createLimiter(limits, { store: farStore(clock), clock, name: "x" });
  const first = watch(limiter.acquire({ key: "a" }));
  await clock.advance(1);
  const held = watch(limiter.acquire({ key: "c" }));
  await clock.advance(1);
  const free = [0, 1].map(() => watch(limiter.acquire({ key: "b", cost: { all: 0, each: 1 } })));
  await clock.advance("2s");
  const all = [first, held, ...free];
  expect(outcomes(all)).toEqual(["fulfilled", "pending", "fulfilled", "fulfilled"]);
  limiter.cancelWaiting();
});
