import { describe, expect, test } from "vitest";
import { concurrency, createLimiter, window } from "../../src/index.ts";
import { manualClock } from "../../src/testing/index.ts";
import { codeOf, watch } from "./outcomes.ts";

test("a function of the same arguments that goes through the limiter", async () => {
  const clock = manualClock();
  const limiter = createLimiter("1/1s", { clock });
  const add = limiter.wrap((a: number, b: number) => a + b);
  expect(await add(1, 2)).toBe(3);
  const second = watch(add(3, 4));
  await clock.advance(999);
  expect(second.outcome).toBe("pending");
  await clock.advance(1);
  expect(second.value).toBe(7);
});

test("key and cost may be functions of the arguments", async () => {
  const limiter = createLimiter({ calls: window(9, "1s"), bytes: window(99, "1s") });
  const send = limiter.wrap((_: string, data: number[]) => data.length, {
    key: (host) => host,
    cost: (_, data) => ({ calls: 1, bytes: data.length }),
  });
  expect(await send("a", [1, 2, 3])).toBe(3);
  expect(await send("b", [1])).toBe(1);
  expect(limiter.peek({ key: "a" }).limits).toMatchObject({
    calls: { used: 1 },
    bytes: { used: 3 },
  });
  expect(limiter.peek({ key: "b" }).limits.bytes.used).toBe(1);
});

test("or the same for every call", async () => {
  const limiter = createLimiter("9/1s");
  const call = limiter.wrap(() => "x", { key: "k", cost: 4 });
  await call();
  await call();
  expect(limiter.peek({ key: "k" }).limits["9/1s"]!.used).toBe(8);
});

test("settle tells by the result what was really used", async () => {
  const limiter = createLimiter({ tokens: window(100, "1m") });
  const ask = limiter.wrap(async (used: number | undefined) => used, {
    cost: { tokens: 50 },
    settle: (used) => (used === undefined ? undefined : { tokens: used }),
  });
  await ask(20);
  expect(limiter.peek().limits.tokens.used).toBe(20);
  await ask(undefined);
  expect(limiter.peek().limits.tokens.used).toBe(70);
});

test("pauseOn sees every outcome, for the key of the call", async () => {
  const limiter = createLimiter("9/1s", { clock: manualClock() });
  const call = limiter.wrap((status: number) => status, {
    key: (status) => `k${status}`,
    pauseOn: (outcome) => (outcome === 429 ? "10s" : undefined),
  });
  await call(200);
  await call(429);
  expect(limiter.peek({ key: "k200" }).granted).toBe(true);
  expect(limiter.peek({ key: "k429" })).toMatchObject({ limit: "pause", retryAfter: 10_000 });
});

test("`this` is that of the call", async () => {
  const limiter = createLimiter("9/1s");
  const api = {
    base: "https://",
    get: limiter.wrap(function (this: { base: string }, path: string) {
      return this.base + path;
    } as (path: string) => string),
  };
  expect(await api.get("x")).toBe("https://x");
});

test("it may be taken off the limiter", async () => {
  const limiter = createLimiter("9/1s");
  const { wrap } = limiter;
  expect(await wrap(() => 5)()).toBe(5);
  expect(limiter.stats().admitted).toBe(1);
});

describe("failures reject", () => {
  test("that of the function, and the slot comes back", async () => {
    const limiter = createLimiter(concurrency(1), { clock: manualClock() });
    const error = new Error("no");
    await expect(limiter.wrap(() => Promise.reject(error))()).rejects.toBe(error);
    expect(limiter.tryAcquire().granted).toBe(true);
  });

  test("those of key and cost, before anything is taken", async () => {
    const limiter = createLimiter("9/1s");
    const get = limiter.wrap((url: string) => url, { key: (url) => new URL(url).host });
    const call = get("no url");
    await expect(call).rejects.toThrow(TypeError);
    const pay = limiter.wrap((url: string) => url, {
      cost: () => {
        throw new RangeError("cost");
      },
    });
    await expect(pay("x")).rejects.toThrow(RangeError);
    expect(limiter.stats().admitted).toBe(0);
  });

  test("that of settle", async () => {
    const limiter = createLimiter({ slots: concurrency(1), calls: window(3, "1s") });
    const call = limiter.wrap(() => 1, { settle: () => ({ calls: -1 }) });
    await expect(call()).rejects.toMatchObject({ code: "INVALID_COST" });
    expect(limiter.peek().limits.slots.used).toBe(0);
  });
});

test("a signal ends the waits of all calls", async () => {
  const clock = manualClock();
  const limiter = createLimiter("1/1s", { clock });
  const abort = new AbortController();
  const call = limiter.wrap((i: number) => i, { signal: abort.signal, priority: 1 });
  const calls = [1, 2, 3].map((i) => watch(call(i)));
  await clock.advance(0);
  abort.abort("enough");
  await clock.advance("5s");
  expect(calls.map(({ outcome }) => outcome)).toEqual(["fulfilled", "enough", "enough"]);
});

test.each([undefined, null, 5, "fetch"])("%s is no function", (value) => {
  const limiter = createLimiter("9/1s");
  expect(codeOf(() => limiter.wrap(value as never))).toBe("INVALID_OPTION");
});
