// Deadlines, the circuit, and who waits meanwhile.
import { describe, expect, test } from "vitest";
import { concurrency, createLimiter, type Limiter } from "../../src/index.ts";
import { manualClock, type ManualClock } from "../../src/testing/index.ts";
import { farStore } from "../shared/far-store.ts";
import { granted, outcomes, watch, watchAll } from "../verbs/outcomes.ts";
import { guarded } from "./server.ts";

const gone = new Error("gone");

/** Calls until the circuit is open. */
async function fail(limiter: Limiter<never, false>, times = 5): Promise<void> {
  for (let i = 0; i < times; i++) await limiter.tryAcquire(another());
}

/** A key that was not refused before: a refusal is remembered by the limiter. */
let keys = 0;
const another = (): { key: string } => ({ key: String(keys++) });

describe("the deadline", () => {
  test("ends every call, and what is answered later goes back", async () => {
    const clock = manualClock();
    const store = farStore(clock);
    const wrapped = guarded(store, { deadline: 100 });
    const limiter = createLimiter("2/1m", { store: wrapped, clock, name: "x" });
    store.back = () => 5_000;
    const call = watch(limiter.tryAcquire());
    await clock.advance(99);
    expect(call.outcome).toBe("pending");
    await clock.advance(1);
    expect(call.value).toMatchObject({ granted: false, limit: "fallback" });
    store.back = () => 0;
    expect((await limiter.peek()).limits["2/1m"]!.used).toBe(1);
    await clock.advance(4_900);
    expect((await limiter.peek()).limits["2/1m"]!.used).toBe(0);
  });

  test("slots of a late answer are released", async () => {
    const clock = manualClock();
    const store = farStore(clock);
    const wrapped = guarded(store, { deadline: 100 });
    const limiter = createLimiter(concurrency(1), { store: wrapped, clock, name: "x" });
    store.back = () => 300;
    const call = watch(limiter.tryAcquire());
    await clock.advance(200);
    expect(call.value).toMatchObject({ granted: false });
    store.back = () => 0;
    expect(await limiter.tryAcquire()).toMatchObject({ granted: false });
    await clock.advance(101);
    expect(await limiter.tryAcquire()).toMatchObject({ granted: true });
  });

  test("an answer that lay there while the event loop was blocked is read", async () => {
    const clock = manualClock();
    const store = farStore(clock, { grace: "1s" });
    const wrapped = guarded(store, { deadline: 100 });
    const limiter = createLimiter("2/1m", { store: wrapped, clock, name: "x" });
    store.there = () => 10;
    const call = watch(limiter.tryAcquire());
    await Promise.resolve();
    clock.block(300);
    await clock.advance(0);
    expect(call.value).toMatchObject({ granted: true });
  });

  test("a store that is slower than its grace is asked again, and then has failed", async () => {
    const clock = manualClock();
    const store = farStore(clock, { grace: 20 });
    const wrapped = guarded(store, { onFailure: "allow" });
    const limiter = createLimiter("2/1m", { store: wrapped, clock, name: "x" });
    const slow = [30, 30, 0, 0];
    store.back = () => slow.shift() ?? 30;
    const first = watch(limiter.tryAcquire());
    await clock.advance(100);
    expect(first.value).toMatchObject({ granted: true });
    expect(granted(first.value!).ticket).toBeGreaterThan(0);
    slow.length = 0;
    const second = watch(limiter.tryAcquire({ key: "other" }));
    await clock.advance(100);
    expect(second.outcome).toBe("pending");
    await clock.advance(50);
    expect(granted(second.value!).ticket).toBeLessThan(0);
    store.back = () => 0;
    await clock.advance(1);
    expect((await limiter.peek({ key: "other" })).limits["2/1m"]!.used).toBe(0);
  });
});

describe("the circuit", () => {
  function setup(): {
    clock: ManualClock;
    store: ReturnType<typeof farStore>;
    limiter: Limiter<never, false>;
    told: unknown[];
  } {
    const clock = manualClock();
    const store = farStore(clock);
    const told: unknown[] = [];
    const wrapped = guarded(store, {
      circuit: { failures: 3, pause: 400 },
      onCircuit: ({ circuit, name, failure }) => told.push([circuit, name, failure]),
    });
    const limiter = createLimiter("9/1s", { store: wrapped, clock, name: "x" });
    return { clock, store, limiter: limiter as unknown as Limiter<never, false>, told };
  }

  test("opens after failures in a row, and says so once", async () => {
    const { clock, store, limiter, told } = setup();
    await limiter.tryAcquire();
    store.failure = gone;
    await fail(limiter, 2);
    store.failure = undefined;
    await limiter.tryAcquire();
    store.failure = gone;
    await fail(limiter, 2);
    expect(told).toEqual([]);
    await fail(limiter, 20);
    expect(store.calls.reserve).toBe(7);
    await clock.advance(400);
    await fail(limiter, 20);
    expect(store.calls.reserve).toBe(8);
    expect(told).toEqual([["open", "x", gone]]);
  });

  test("one probe finds out whether the store is back, and the others wait for it", async () => {
    const { clock, store, limiter, told } = setup();
    store.failure = gone;
    await fail(limiter, 3);
    store.failure = undefined;
    store.there = () => 5;
    await clock.advance(400);
    const calls = watchAll([1, 2, 3].map(() => limiter.tryAcquire(another())));
    await clock.advance(4);
    expect(calls.map(({ value }) => value?.granted)).toEqual([undefined, false, false]);
    expect(store.calls.reserve).toBe(4);
    await clock.advance(1);
    expect(calls[0]!.value).toMatchObject({ granted: true });
    expect(told).toEqual([
      ["open", "x", gone],
      ["closed", "x", undefined],
    ]);
  });

  test("a look is no probe, and answers of its own are not told as the store's", async () => {
    const { clock, store, limiter } = setup();
    store.failure = gone;
    await fail(limiter, 3);
    store.failure = undefined;
    await clock.advance(400);
    expect(await limiter.peek()).toMatchObject({ limit: "fallback" });
    const listed = watch(limiter.keys() as Promise<string[]>);
    await clock.advance(0);
    expect(listed.outcome).toBe("STORE_UNAVAILABLE");
    expect((listed.error as Error).cause).toBe(gone);
    expect(store.calls.peek).toBe(0);
  });

  test("a listener that throws disturbs nobody", async () => {
    const clock = manualClock();
    const store = farStore(clock);
    const boom = new Error("boom");
    const reported: unknown[] = [];
    const report = (error: unknown): void => void reported.push(error);
    process.prependOnceListener("uncaughtException", report);
    const others = process.listeners("uncaughtException").filter((each) => each !== report);
    for (const each of others) process.off("uncaughtException", each);
    const wrapped = guarded(store, {
      circuit: { failures: 1 },
      onCircuit: () => {
        throw boom;
      },
    });
    const limiter = createLimiter("9/1s", { store: wrapped, clock, name: "x" });
    store.failure = gone;
    expect(await limiter.tryAcquire()).toMatchObject({ limit: "fallback" });
    await clock.advance(1);
    for (const each of others) process.on("uncaughtException", each as () => void);
    expect(reported).toEqual([boom]);
  });
});

describe("who waits", () => {
  test("passes when the store is back, and within the limit", async () => {
    const clock = manualClock();
    const store = farStore(clock);
    const limiter = createLimiter("2/1s", { store: guarded(store), clock, name: "x" });
    store.failure = gone;
    const ran: number[] = [];
    for (let i = 0; i < 3; i++) void limiter.acquire().then(() => ran.push(clock.now() / 1e3));
    await clock.advance("10s");
    expect(ran).toEqual([]);
    expect(store.calls.reserve).toBeLessThan(25);
    store.failure = undefined;
    await clock.advance("3s");
    expect(ran).toHaveLength(3);
    expect(ran[1]).toBeLessThan(11_500);
    expect(ran[2]! - ran[0]!).toBeGreaterThanOrEqual(1_020);
  });

  test("is told by its timeout that the fallback refused", async () => {
    const clock = manualClock();
    const store = farStore(clock);
    const limiter = createLimiter("2/1s", { store: guarded(store), clock, name: "x" });
    store.failure = gone;
    const call = watch(limiter.acquire({ timeout: "3s" }));
    const stop = new AbortController();
    const aborted = watch(limiter.acquire({ signal: stop.signal }));
    await clock.advance(2_999);
    expect(call.outcome).toBe("pending");
    stop.abort("enough");
    await clock.advance(2);
    expect([call.outcome, aborted.outcome]).toEqual(["LIMIT_EXCEEDED", "enough"]);
    expect((call.error as { refusal: object }).refusal).toMatchObject({ limit: "fallback" });
    await limiter[Symbol.asyncDispose]();
    await clock.advance("2s");
    expect(clock.timers().active).toBe(0);
  });

  test("goes by what holds from now on when the circuit opens and closes", async () => {
    const clock = manualClock();
    const store = farStore(clock);
    const wrapped = guarded(store, { onFailure: "allow", circuit: { failures: 1, pause: 500 } });
    const limiter = createLimiter("1/1m", { store: wrapped, clock, name: "x" });
    await limiter.acquire();
    const waiting = watchAll([1, 2].map(() => limiter.acquire()));
    await clock.advance("1s");
    expect(outcomes(waiting)).toEqual(["pending", "pending"]);
    store.failure = gone;
    await limiter.tryAcquire({ key: "other" });
    await clock.advance(1);
    expect(outcomes(waiting)).toEqual(["fulfilled", "fulfilled"]);
  });

  test("on a share, is served by the share", async () => {
    const clock = manualClock();
    const store = farStore(clock);
    const wrapped = guarded(store, { onFailure: { share: 1 / 4 } });
    const limiter = createLimiter("4/1s", { store: wrapped, clock, name: "x" });
    store.failure = gone;
    const ran: number[] = [];
    for (let i = 0; i < 4; i++) void limiter.acquire().then(() => ran.push(clock.now() / 1e3));
    await clock.advance("4s");
    expect(ran).toEqual([0, 1020, 2040, 3060]);
  });
});
