// What a limiter says while its store fails: refused, allowed, or a share; never confused with the
// store's own answers, and never an error.
import { describe, expect, test } from "vitest";
import { concurrency, createLimiter } from "../../src/index.ts";
import { fallback } from "../../src/stores/fallback.ts";
import { LimitsConflictError, StoreBusyError, StoreCorruptError } from "../../src/errors.ts";
import { manualClock } from "../../src/testing/index.ts";
import { farStore } from "../shared/far-store.ts";
import { codeOf, granted, watch } from "../verbs/outcomes.ts";
import { guarded, nearStore } from "./server.ts";

const gone = new Error("gone");

describe("refuse", () => {
  test.each([
    ["one rate", ["2/1s"]],
    ["several rates", ["2/1s", "9/1m"]],
  ] as const)(
    "refuses by its name, and says when the store is tried again: %s",
    async (_, limits) => {
      const clock = manualClock();
      const store = farStore(clock);
      const limiter = createLimiter(limits, { store: guarded(store), clock, name: "x" });
      store.failure = gone;
      for (const retryAfter of [200, 200, 200, 200, 1000]) {
        const answer = await limiter.tryAcquire({ key: String(Math.random()) });
        expect({ ...answer }).toEqual({ limit: "fallback", retryAfter });
      }
      await clock.advance(400);
      expect({ ...(await limiter.tryAcquire()) }).toEqual({ limit: "fallback", retryAfter: 600 });
      expect(store.calls.reserve).toBe(5);
    },
  );

  test("is no refusal of the store", async () => {
    const clock = manualClock();
    const store = farStore(clock);
    const limiter = createLimiter("1/1s", { store: guarded(store), clock, name: "x" });
    await limiter.tryAcquire();
    expect(await limiter.tryAcquire()).toMatchObject({ limit: "1/1s", retryAfter: 1020 });
  });

  test("peek and explain name it, and nothing looks left", async () => {
    const clock = manualClock();
    const store = farStore(clock);
    const limiter = createLimiter(["2/1s", "9/1m"], { store: guarded(store), clock, name: "x" });
    store.failure = gone;
    const look = await limiter.peek();
    expect(look).toMatchObject({ granted: false, limit: "fallback", retryAfter: 200 });
    expect(look.limits["9/1m"]).toMatchObject({ used: 9, remaining: 0 });
    expect((await limiter.explain()).limit).toBe("fallback");
  });
});

describe("allow", () => {
  test("lets everything through but what is blocked, with permits of its own", async () => {
    const clock = manualClock();
    const store = farStore(clock);
    const wrapped = guarded(store, { onFailure: "allow" });
    const limiter = createLimiter(["1/1s", "3/1m"], { store: wrapped, clock, name: "x" });
    store.failure = gone;
    const tickets: number[] = [];
    for (let i = 0; i < 20; i++) {
      const permit = granted(await limiter.tryAcquire());
      expect(permit.instant).toBe(clock.wall());
      tickets.push(permit.ticket);
    }
    expect(tickets.every((ticket, i) => ticket < 0 && !(ticket <= tickets[i - 1]!))).toBe(true);
    expect((await limiter.peek()).limits["3/1m"]).toMatchObject({ used: 0, remaining: 3 });
    const shut = createLimiter("blocked", { store: wrapped, clock, name: "y" });
    expect(await shut.tryAcquire()).toMatchObject({ granted: false, limit: "fallback" });
  });

  test("a pause of this process is kept", async () => {
    const clock = manualClock();
    const store = farStore(clock);
    const wrapped = guarded(store, { onFailure: "allow" });
    const limiter = createLimiter("1/1s", { store: wrapped, clock, name: "x" });
    await limiter.pause("3s");
    store.failure = gone;
    expect(await limiter.tryAcquire()).toMatchObject({ granted: false, limit: "fallback" });
    await clock.advance("3s");
    expect(await limiter.tryAcquire()).toMatchObject({ granted: true });
  });
});

describe("a share", () => {
  test("is an n-th of the limit, and the rest looks used", async () => {
    const clock = manualClock();
    const store = farStore(clock);
    const wrapped = guarded(store, { onFailure: { share: 1 / 3 } });
    const limiter = createLimiter("8/1s", { store: wrapped, clock, name: "x" });
    store.failure = gone;
    const answers = [];
    for (let i = 0; i < 3; i++) answers.push(await limiter.tryAcquire());
    expect(answers.map((answer) => answer.granted)).toEqual([true, true, false]);
    expect(answers[2]).toMatchObject({ limit: "fallback" });
    expect((await limiter.peek()).limits["8/1s"]).toMatchObject({ used: 8, remaining: 0 });
    await clock.advance(1020);
    expect((await limiter.peek()).limits["8/1s"]).toMatchObject({ used: 6, remaining: 2 });
    expect(await limiter.tryAcquire()).toMatchObject({ granted: true });
  });

  test("a limit smaller than n lets 1 through", async () => {
    const clock = manualClock();
    const store = farStore(clock);
    const wrapped = guarded(store, { onFailure: { share: 1 / 49 } });
    const limiter = createLimiter("3/1s", { store: wrapped, clock, name: "x" });
    store.failure = gone;
    expect((await limiter.tryAcquire()).granted).toBe(true);
    expect((await limiter.tryAcquire()).granted).toBe(false);
    expect((await limiter.tryAcquire({ cost: 2 })).granted).toBe(false);
  });

  test("what it granted settles and releases where it was made", async () => {
    const clock = manualClock();
    const store = farStore(clock);
    const limits = { running: concurrency(4), tokens: "40/1m" } as const;
    const wrapped = guarded(store, { onFailure: { share: 1 / 2 } });
    const limiter = createLimiter(limits, { store: wrapped, clock, name: "x" });
    store.failure = gone;
    const cost = { tokens: 10 };
    const first = granted(await limiter.tryAcquire({ cost }));
    const second = granted(await limiter.tryAcquire({ cost }));
    expect((await limiter.tryAcquire({ cost })).granted).toBe(false);
    first.settle({ tokens: 4 });
    await first.release();
    expect((await limiter.peek({ cost })).limits).toMatchObject({
      running: { used: 3 },
      tokens: { used: 34 },
    });
    store.failure = undefined;
    await clock.advance("1s");
    const amends = store.calls.amend;
    await second.release();
    await clock.advance(100);
    expect(store.calls.amend).toBe(amends);
    expect((await limiter.peek()).limits.running.used).toBe(0);
  });

  test("counts on over several outages", async () => {
    const clock = manualClock();
    const store = farStore(clock);
    const wrapped = guarded(store, { onFailure: { share: 1 / 2 } });
    const limiter = createLimiter("4/10s", { store: wrapped, clock, name: "x" });
    let here = 0;
    for (let outage = 0; outage < 3; outage++) {
      store.failure = gone;
      for (let i = 0; i < 3; i++) {
        const answer = await limiter.tryAcquire();
        if (answer.granted && answer.ticket < 0) here++;
      }
      store.failure = undefined;
      await clock.advance("1s");
    }
    expect(here).toBe(2);
  });
});

describe("what is no failure of the store", () => {
  test.each([new LimitsConflictError("other kinds")])("comes through: %s", async (error) => {
    const clock = manualClock();
    const store = farStore(clock);
    const wrapped = guarded(store, { onFailure: "allow" });
    const limiter = createLimiter("1/1s", { store: wrapped, clock, name: "x" });
    store.failure = error;
    for (let i = 0; i < 9; i++) {
      const call = watch(limiter.tryAcquire());
      await clock.advance(1);
      expect(call.error).toBe(error);
    }
    expect(store.calls.reserve).toBe(9);
  });

  test("a busy store is, when it stays so for the deadline", async () => {
    const clock = manualClock();
    const store = nearStore();
    const wrapped = fallback(store, { onFailure: "allow", deadline: 50 });
    const limiter = createLimiter("1/1s", { store: wrapped, clock, name: "x" });
    store.failure = new StoreBusyError("busy");
    expect(codeOf(() => limiter.tryAcquire())).toBe("STORE_BUSY");
    clock.block(40);
    expect(codeOf(() => limiter.tryAcquire())).toBe("STORE_BUSY");
    clock.block(10);
    expect(limiter.tryAcquire()).toMatchObject({ granted: true });
    clock.block(51);
    expect(codeOf(() => limiter.tryAcquire())).toBe("STORE_BUSY");
  });
});

test("a synchronous store stays one", async () => {
  const clock = manualClock();
  const store = nearStore();
  const told: unknown[] = [];
  const wrapped = fallback(store, {
    onFailure: { share: 1 / 2 },
    circuit: { failures: 2, pause: 500 },
    onCircuit: ({ circuit }) => told.push(circuit),
  });
  const limiter = createLimiter("4/1s", { store: wrapped, clock, name: "x" });
  expect(limiter.tryAcquire().granted).toBe(true);
  const before = store.calls;
  store.failure = new StoreCorruptError("damaged");
  expect([1, 2, 3].map(() => limiter.tryAcquire().granted)).toEqual([true, true, false]);
  expect([store.calls - before, told]).toEqual([2, ["open"]]);
  store.failure = undefined;
  clock.block(500);
  expect(granted(limiter.tryAcquire()).ticket).toBe(2);
  expect(told).toEqual(["open", "closed"]);
  await limiter[Symbol.asyncDispose]();
  expect(clock.timers()).toEqual({ active: 0, idle: 1 }); // the near store's own sweep
});

test("options that make no sense are told at once", () => {
  const store = nearStore();
  const make = (options: object) => () => fallback(store, { onFailure: "refuse", ...options });
  for (const options of [
    { onFailure: "open" },
    { onFailure: { share: 0 } },
    { onFailure: { share: 4 } },
    { onFailure: undefined },
    { deadline: 0 },
    { circuit: { failures: 0 } },
    { circuit: { pause: "soon" } },
    { start: "half" },
  ]) {
    expect([options, codeOf(make(options))]).toEqual([options, "INVALID_OPTION"]);
  }
  const { waiting: _, ...local } = store;
  expect(codeOf(() => fallback(local, { onFailure: "refuse" }))).toBe("INVALID_OPTION");
});
