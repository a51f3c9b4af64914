// The time-out of a wait on a shared store holds although the store does not answer, and what it books
// for somebody who has gone comes back.
import { describe, expect, test } from "vitest";
import { concurrency, createLimiter, type LimitExceededError, window } from "../../src/index.ts";
import { sharedMemory } from "../../src/stores/shared-memory.ts";
import { manualClock } from "../../src/testing/index.ts";
import { guarded } from "../fallback/server.ts";
import { outcomes, watch, watchAll } from "../verbs/outcomes.ts";
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
  expect(looks).toBe(1);
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
  const ways = [30, 1_000, 0]; // an answer that comes too late, its return, a look
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

describe("one who waits with a timeout", () => {
  const CALLS = { reserve: 0, amend: 0, peek: 0 };

  test("sends no call of its own where there is room", async () => {
    const clock = manualClock();
    const store = farStore(clock);
    store.there = store.back = () => 2;
    const limiter = createLimiter("1000/1s", { store, clock, name: "x" });
    const calls = watchAll(Array.from({ length: 100 }, () => limiter.acquire({ timeout: "5s" })));
    await clock.advance(10);
    expect(new Set(outcomes(calls))).toEqual(new Set(["fulfilled"]));
    expect(store.calls).toEqual({ ...CALLS, reserve: 1 });
  });

  test.each([1, 50, 1_000])(
    "is told at once, as %i others, that it cannot be in time",
    async (n) => {
      const clock = manualClock();
      const store = farStore(clock);
      store.there = store.back = () => 2;
      const limiter = createLimiter("10/1m", { store, clock, name: "x" });
      const waits = Array.from({ length: 10 + n }, () => limiter.acquire({ timeout: "10s" }));
      const calls = watchAll(waits);
      await clock.advance(60);
      const served = outcomes(calls).filter((each) => each === "fulfilled");
      expect(served).toHaveLength(10);
      expect(outcomes(calls).slice(10)).toEqual(Array(n).fill("LIMIT_EXCEEDED"));
      expect(store.calls.peek).toBe(1);
      expect((calls.at(-1)!.error as LimitExceededError).refusal.retryAfter).toBeGreaterThan(
        59_000,
      );
      const late = watch(limiter.acquire({ timeout: "10s" }));
      await clock.advance(10);
      expect(late.outcome).toBe("LIMIT_EXCEEDED");
    },
  );

  test("is told as soon as those ahead are known to take too long", async () => {
    const clock = manualClock();
    const store = farStore(clock);
    store.there = store.back = () => 2;
    const limiter = createLimiter("10/1m", { store, clock, name: "x" });
    const waits = Array.from({ length: 1_000 }, () => limiter.acquire({ timeout: "5m" }));
    const calls = watchAll(waits);
    await clock.advance(200);
    // Ten go now, and ten after each of four whole minutes and the grace.
    const expected = (served: number): unknown[] => [
      ...Array<unknown>(served).fill("fulfilled"),
      ...Array<unknown>(50 - served).fill("pending"),
      ...Array<unknown>(950).fill("LIMIT_EXCEEDED"),
    ];
    expect(outcomes(calls)).toEqual(expected(10));
    expect(store.calls.peek).toBeLessThan(25);
    await clock.advance("5m");
    expect(outcomes(calls)).toEqual(expected(50));
  });

  test("is told by its own time, whatever those have who are ahead", async () => {
    const clock = manualClock();
    const store = farStore(clock);
    const limiter = createLimiter("1/1m", { store, clock, name: "x" });
    await limiter.acquire();
    const waits = (["3m", "30s", "3m", "90s", "150s", "30s"] as const).map((timeout) =>
      limiter.acquire({ timeout }),
    );
    const calls = watchAll(waits);
    await clock.advance(1);
    const [pending, refused] = ["pending", "LIMIT_EXCEEDED"];
    expect(outcomes(calls)).toEqual([pending, refused, pending, refused, refused, refused]);
    await clock.advance("3m");
    const [served] = ["fulfilled"];
    expect(outcomes(calls)).toEqual([served, refused, served, refused, refused, refused]);
  });

  test("who leaves because of a large cost makes place for a small one", async () => {
    const clock = manualClock();
    const limiter = createLimiter("10/1m", { store: farStore(clock), clock, name: "x" });
    await limiter.acquire({ cost: 5 });
    const waits = [8, 5, 1].map((cost) => limiter.acquire({ cost, timeout: "10s" }));
    const calls = watchAll(waits);
    await clock.advance(1_000);
    expect(outcomes(calls)).toEqual(["LIMIT_EXCEEDED", "fulfilled", "LIMIT_EXCEEDED"]);
  });

  test("is told at once when the instant in hand comes after it", async () => {
    const clock = manualClock();
    const store = farStore(clock);
    const limiter = createLimiter("1/800ms", { store, clock, name: "x" });
    await limiter.acquire();
    const calls = [watch(limiter.acquire({ timeout: 500 })), watch(limiter.acquire())];
    await clock.advance(1);
    expect(outcomes(calls)).toEqual(["LIMIT_EXCEEDED", "pending"]);
    const { refusal } = calls[0]!.error as LimitExceededError;
    expect(refusal).toMatchObject({ limit: "1/800ms", retryAfter: 820 });
    await clock.advance(819);
    expect(calls[1]!.outcome).toBe("fulfilled");
    await clock.advance("2s");
    expect((await limiter.peek()).limits["1/800ms"]!.used).toBe(0);
  });

  test("counts what others have in hand once", async () => {
    const clock = manualClock();
    const limiter = createLimiter("4/1s", { store: farStore(clock), clock, name: "x" });
    for (let i = 0; i < 4; i++) await limiter.acquire();
    await clock.advance(500);
    const ahead = watchAll(Array.from({ length: 4 }, () => limiter.acquire()));
    await clock.advance(100);
    // The next but one window begins 2040 ms after the first.
    const call = watch(limiter.acquire({ timeout: 1_440 }));
    await clock.advance(1);
    expect(call.outcome).toBe("pending");
    await clock.advance(1_439);
    expect([...outcomes(ahead), call.outcome]).toEqual(Array(5).fill("fulfilled"));
  });

  test("in a line of many keys is told when the limit under all of them refuses", async () => {
    const clock = manualClock();
    const store = farStore(clock);
    store.there = store.back = () => 1;
    const total = window(20, "1m", { per: "limiter" });
    const limiter = createLimiter({ total }, { store, clock, name: "x" });
    const waits = Array.from({ length: 100 }, (_, i) =>
      limiter.acquire({ key: `k${i}`, timeout: "10s" }),
    );
    const calls = watchAll(waits);
    await clock.advance(100);
    const expected = [...Array(20).fill("fulfilled"), ...Array(80).fill("LIMIT_EXCEEDED")];
    expect(outcomes(calls)).toEqual(expected);
    const late = watch(limiter.acquire({ key: "new", timeout: "10s" }));
    await clock.advance(4);
    expect(late.outcome).toBe("LIMIT_EXCEEDED");
    expect(await advanced(clock, limiter.stats(), 2)).toMatchObject({ waiting: 0, refused: 81 });
    expect(clock.timers().active).toBe(0);
  });
});

async function advanced<T>(
  clock: ReturnType<typeof manualClock>,
  answer: Promise<T>,
  ms: number,
): Promise<T> {
  await clock.advance(ms);
  return answer;
}
