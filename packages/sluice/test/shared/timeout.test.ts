// The time-out of a wait on a shared store holds although the store does not answer, and what it books
// for somebody who has gone comes back.
import { expect, test } from "vitest";
import { concurrency, createLimiter, type LimitExceededError, window } from "../../src/index.ts";
import { sharedMemory } from "../../src/stores/shared-memory.ts";
import { manualClock } from "../../src/testing/index.ts";
import { guarded } from "../fallback/server.ts";
import { watch } from "../verbs/outcomes.ts";
import { farStore } from "./far-store.ts";

test("a wait ends at its timeout when the store does not answer", async () => {
  const clock = manualClock();
  const store = farStore(clock);
  store.there = () => 60_000;
  const limiter = createLimiter("1/1s", { store, clock, name: "x" });
  const call = watch(limiter.acquire({ timeout: "1s" }));
  await clock.advance(999);
  expect(call.outcome).toBe("pending");
  await clock.advance(1);
  expect(call.outcome).toBe("STORE_TIMEOUT");
  expect((call.error as Error).message).toBe(
    'the store of the limiter "x" had not answered when the timeout ended; what it books late goes back. Look at the store, or raise the timeout.',
  );
});

test.each([
  { what: "a window", limits: window(1, "1h") },
  { what: "slots", limits: concurrency(1) },
])("what a slow store books of $what after the timeout goes back", async ({ limits }) => {
  const clock = manualClock();
  const store = farStore(clock);
  const [slow, other] = [0, 1].map(() => createLimiter(limits, { store, clock, name: "x" }));
  store.back = (limiter) => (limiter === 0 ? 3_000 : 0);
  const call = watch(slow!.acquire({ timeout: "1s" }));
  await clock.advance("1s");
  expect(call.outcome).toBe("STORE_TIMEOUT");
  expect(await other!.tryAcquire()).toMatchObject({ granted: false });
  await clock.advance("5s");
  expect(await other!.tryAcquire()).toMatchObject({ granted: true });
  store.back = () => 0;
  expect(await slow!.stats()).toMatchObject({ admitted: 0, refused: 0, waiting: 0 });
});

test("a store that stops to answer while somebody waits ends the wait within the grace", async () => {
  const clock = manualClock();
  const store = farStore(clock, { grace: 20, notifies: true });
  const [limiter, other] = [0, 1].map(() =>
    createLimiter(concurrency(1), { store, clock, name: "x" }),
  );
  await other!.acquire();
  const call = watch(limiter!.acquire({ timeout: 500 }));
  await clock.advance(400);
  store.there = () => 60_000;
  await clock.advance(119);
  expect(call.outcome).toBe("pending");
  await clock.advance(1);
  expect(call.outcome).toBe("STORE_TIMEOUT");
});

test("a store that answers says which limit had no room", async () => {
  const clock = manualClock();
  const store = farStore(clock);
  store.there = () => 3;
  store.back = () => 4;
  const limits = { slow: window(1, "1h"), slots: concurrency(1) };
  const limiter = createLimiter(limits, { store, clock, name: "x" });
  const held = await advanced(clock, limiter.acquire({ cost: { slow: 0 } }), 7);
  const call = watch(limiter.acquire({ timeout: "1s" }));
  await clock.advance(1_007);
  expect(call.outcome).toBe("LIMIT_EXCEEDED");
  expect((call.error as LimitExceededError).refusal).toMatchObject({ limit: "slots" });
  await advanced(clock, held.release(), 7);
});

test("many who time out together look once", async () => {
  const clock = manualClock();
  const store = farStore(clock);
  store.back = () => 4;
  const limiter = createLimiter(concurrency(1), { store, clock, name: "x" });
  const held = await advanced(clock, limiter.acquire(), 4);
  const calls = Array.from({ length: 50 }, () => watch(limiter.acquire({ timeout: "1s" })));
  await clock.advance(999);
  const looks = store.calls.peek;
  await clock.advance(5);
  expect(new Set(calls.map(({ outcome }) => outcome))).toEqual(new Set(["LIMIT_EXCEEDED"]));
  expect(store.calls.peek).toBe(looks + 1);
  await advanced(clock, held.release(), 4);
});

test("a timeout that is shorter than the way is no refusal", async () => {
  const clock = manualClock();
  const store = farStore(clock);
  store.back = () => 15;
  const limiter = createLimiter("5/1s", { store, clock, name: "x" });
  const call = watch(limiter.acquire({ timeout: 10 }));
  await clock.advance(30);
  expect(call.outcome).toBe("STORE_TIMEOUT");
  await clock.advance(30);
  expect((await advanced(clock, limiter.peek(), 15)).limits["5/1s"]!.used).toBe(0);
});

test("what is on its way back was answered: the store says which limit had no room", async () => {
  const clock = manualClock();
  const store = farStore(clock);
  const ways = [0, 30, 1_000, 0]; // a look, an answer that comes too late, its return, a look
  store.back = () => ways.shift() ?? 0;
  const limiter = createLimiter("1/1s", { store, clock, name: "x" });
  const call = watch(limiter.acquire({ timeout: 40 }));
  await clock.advance(100);
  expect(call.outcome).toBe("LIMIT_EXCEEDED");
});

test("a store that answers at once is not what a process that stood still waited for", async () => {
  const clock = manualClock();
  const store = sharedMemory(new SharedArrayBuffer(65_536));
  const [limiter, other] = [0, 1].map(() =>
    createLimiter(concurrency(1), { store, clock, name: "x" }),
  );
  const held = await other!.acquire();
  const calls = Array.from({ length: 3 }, () => watch(limiter!.acquire({ timeout: 500 })));
  await clock.advance(20);
  await held.release();
  clock.block(600);
  await clock.advance(10);
  expect(calls.map(({ outcome }) => outcome)).toEqual(Array(3).fill("LIMIT_EXCEEDED"));
});

test("with a fallback it is the fallback that answers, by its own deadline", async () => {
  const clock = manualClock();
  const store = farStore(clock);
  store.there = () => 60_000;
  const limiter = createLimiter("1/1s", { store: guarded(store), clock, name: "x" });
  const call = watch(limiter.acquire({ timeout: 500 }));
  await clock.advance(1_501);
  expect(call.outcome).toBe("LIMIT_EXCEEDED");
  expect((call.error as LimitExceededError).refusal).toMatchObject({ limit: "fallback" });
});

async function advanced<T>(
  clock: ReturnType<typeof manualClock>,
  answer: Promise<T>,
  ms: number,
): Promise<T> {
  await clock.advance(ms);
  return answer;
}
