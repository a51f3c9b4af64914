import { channel, subscribe, unsubscribe } from "node:diagnostics_channel";
import { afterEach, describe, expect, test, vi } from "vitest";
import { concurrency, createLimiter, type EventType } from "../../src/index.ts";
import { manualClock } from "../../src/testing/index.ts";
import { granted, watch } from "./outcomes.ts";

const START = Date.UTC(2026, 0, 1);
const TYPES: EventType[] = ["admit", "refuse", "wait", "release", "pause", "drop"];

test("each thing that happens, in order", async () => {
  const clock = manualClock({ wall: START });
  const limiter = createLimiter(concurrency(1), { clock, maxWaiting: 1 });
  const heard: unknown[] = [];
  for (const type of TYPES) limiter.on(type, (event) => heard.push(event));
  const permit = granted(limiter.tryAcquire({ key: "a" }));
  limiter.tryAcquire({ key: "a" });
  const calls = [watch(limiter.acquire({ key: "a" })), watch(limiter.acquire({ key: "a" }))];
  await clock.advance(20);
  permit.release();
  await clock.advance(0);
  limiter.pause("1s");
  limiter.pause("2s", { key: "b" });
  expect(calls.map(({ outcome }) => outcome)).toEqual(["fulfilled", "QUEUE_FULL"]);
  const second = calls[0]!.value!.ticket;
  expect(heard).toEqual(
    [
      { type: "admit", key: "a", waited: 0, ticket: permit.ticket },
      { type: "refuse", key: "a", granted: false, limit: "1 at once" },
      { type: "wait", key: "a", waiting: 1 },
      { type: "drop", key: "a", reason: "QUEUE_FULL" },
      { type: "release", key: "a", ticket: permit.ticket },
      { type: "admit", key: "a", waited: 20, ticket: second },
      { type: "pause", key: undefined, until: START + 1020 },
      { type: "pause", key: "b", until: START + 2020 },
    ].map((event) => expect.objectContaining(without(event, "granted"))),
  );
});

function without(event: object, name: string): object {
  return Object.fromEntries(Object.entries(event).filter(([key]) => key !== name));
}

test("a listener hears its type until it is ended", () => {
  const limiter = createLimiter("1/1s", { clock: manualClock() });
  const [one, other] = [vi.fn(), vi.fn()];
  const end = limiter.on("refuse", one);
  limiter.on("refuse", other);
  limiter.tryAcquire();
  limiter.tryAcquire();
  end();
  end();
  limiter.tryAcquire();
  expect([one.mock.calls.length, other.mock.calls.length]).toEqual([1, 2]);
});

test("the same function twice is two listeners", () => {
  const limiter = createLimiter("9/1s", { clock: manualClock() });
  const listener = vi.fn();
  const end = limiter.on("admit", listener);
  limiter.on("admit", listener);
  limiter.tryAcquire();
  end();
  limiter.tryAcquire();
  expect(listener).toHaveBeenCalledTimes(3);
});

test("a listener that throws disturbs nobody; its error is reported apart", async () => {
  const apart: unknown[] = [];
  const outside = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.once("uncaughtException", (error) => apart.push(error));
  const limiter = createLimiter("9/1s", { clock: manualClock() });
  const second = vi.fn();
  const error = new Error("listener");
  limiter.on("admit", () => {
    throw error;
  });
  limiter.on("admit", second);
  expect(limiter.tryAcquire().granted).toBe(true);
  expect(second).toHaveBeenCalledTimes(1);
  await new Promise((resolve) => setImmediate(resolve));
  process.removeAllListeners("uncaughtException");
  for (const listener of outside) process.on("uncaughtException", listener);
  expect(apart).toEqual([error]);
});

test("a listener may use the limiter", async () => {
  const clock = manualClock();
  const limiter = createLimiter("1/1s", { clock });
  const seen: boolean[] = [];
  limiter.on("admit", () => seen.push(limiter.tryAcquire().granted, limiter.peek().granted));
  limiter.tryAcquire();
  const waiting = [watch(limiter.acquire()), watch(limiter.acquire())];
  await clock.advance("2s");
  expect(waiting.map(({ outcome }) => outcome)).toEqual(["fulfilled", "fulfilled"]);
  expect(seen).toEqual([false, false, false, false, false, false]);
});

describe("diagnostics_channel", () => {
  const heard: unknown[] = [];
  const listener = (message: unknown): void => void heard.push(message);
  afterEach(() => {
    unsubscribe("sluice", listener);
    heard.length = 0;
  });

  test('"sluice" hears every limiter, with its name', () => {
    const limiter = createLimiter("1/1s", { name: "github", clock: manualClock() });
    limiter.tryAcquire({ key: "before" });
    subscribe("sluice", listener);
    limiter.tryAcquire({ key: "k" });
    limiter.tryAcquire({ key: "k" });
    unsubscribe("sluice", listener);
    limiter.tryAcquire({ key: "after" });
    expect(heard).toEqual([
      { limiter: "github", type: "admit", key: "k", waited: 0, ticket: expect.any(Number) },
      expect.objectContaining({
        limiter: "github",
        type: "refuse",
        key: "k",
        limit: "1/1s",
        retryAfter: 1000,
      }),
    ]);
  });

  test("nothing is published while nobody listens", () => {
    const published = vi.spyOn(channel("sluice"), "publish");
    createLimiter("1/1s").tryAcquire();
    expect(published).not.toHaveBeenCalled();
    published.mockRestore();
  });
});

test("who listens anew from within hears the next event, not the same one for ever", () => {
  const limiter = createLimiter("5/1s", { clock: manualClock() });
  let heard = 0;
  let off = (): void => undefined;
  const again = (): void => {
    heard++;
    off();
    off = limiter.on("admit", again);
  };
  off = limiter.on("admit", again);
  limiter.tryAcquire();
  limiter.tryAcquire();
  expect(heard).toBe(2);
});

test.each([
  ["admitted", () => undefined, 'no event "admitted"'],
  ["admit", undefined, "must be a function"],
])("listening to %s with %s is refused at once", (type, listener, why) => {
  const limiter = createLimiter("5/1s", { clock: manualClock() });
  expect(() => limiter.on(type as EventType, listener as () => void)).toThrow(why);
});
