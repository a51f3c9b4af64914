// What comes back with the store: kept changes, a store without memory, clocks that are far apart.
import { describe, expect, test } from "vitest";
import { concurrency, createLimiter } from "../../src/index.ts";
import { manualClock } from "../../src/testing/index.ts";
import { farStore } from "../shared/far-store.ts";
import { granted, outcomes, watch, watchAll } from "../verbs/outcomes.ts";
import { far, guarded, server } from "./server.ts";

const gone = new Error("gone");

describe("what the store is told when it is back", () => {
  test("releases and settlements of its own permits", async () => {
    const clock = manualClock();
    const store = farStore(clock);
    const limits = { running: concurrency(1), tokens: "40/1m" } as const;
    const limiter = createLimiter(limits, { store: guarded(store), clock, name: "x" });
    const permit = granted(await limiter.tryAcquire({ cost: { tokens: 30 } }));
    store.failure = gone;
    permit.settle({ tokens: 10 });
    const released = watch(permit.release() as Promise<void>);
    await clock.advance(1);
    expect(released.outcome).toBe("fulfilled");
    await clock.advance("4s");
    store.failure = undefined;
    await clock.advance("1s");
    expect((await limiter.peek()).limits).toMatchObject({
      running: { used: 0 },
      tokens: { used: 10 },
    });
    expect(clock.timers().active).toBe(0);
  });

  test("a pause, but neither a reset nor a resume, which fail", async () => {
    const clock = manualClock();
    const store = farStore(clock);
    const wrapped = guarded(store, { circuit: { failures: 1, pause: 500 } });
    const limiter = createLimiter("9/1s", { store: wrapped, clock, name: "x" });
    const other = createLimiter("9/1s", { store, clock, name: "x" });
    await limiter.tryAcquire();
    store.failure = gone;
    await limiter.pause("10s");
    const failing = watchAll([limiter.reset(), limiter.resume()] as Promise<void>[]);
    await clock.advance(1);
    expect(outcomes(failing)).toEqual(["STORE_UNAVAILABLE", "STORE_UNAVAILABLE"]);
    store.failure = undefined;
    await clock.advance("1s");
    expect(await other.tryAcquire()).toMatchObject({ granted: false, limit: "pause" });
  });

  test("a change that was sent is not sent again when the store may have forgotten it", async () => {
    const clock = manualClock();
    const store = farStore(clock);
    const wrapped = guarded(store, { circuit: { failures: 99, pause: "50s" }, deadline: 10 });
    const limiter = createLimiter("9/1d", { store: wrapped, clock, name: "x" });
    const permit = granted(await limiter.tryAcquire());
    store.back = () => 20;
    permit.settle(0);
    await clock.advance("10s");
    store.back = () => 0;
    const { amend } = store.calls;
    await clock.advance("100s");
    expect(store.calls.amend - amend).toBe(0);
  });

  test("at the end it is told what is still owed, or given up", async () => {
    const clock = manualClock();
    const store = farStore(clock);
    const limiter = createLimiter(concurrency(1), { store: guarded(store), clock, name: "x" });
    const permit = granted(await limiter.tryAcquire());
    store.failure = gone;
    await permit.release();
    store.there = () => 1e9;
    store.failure = undefined;
    const ended = watch(limiter[Symbol.asyncDispose]());
    await clock.advance("1s");
    expect(ended.outcome).toBe("fulfilled");
    expect(clock.timers()).toMatchObject({ active: 1 }); // the far store's own way
  });
});

describe("a store that comes back empty", () => {
  async function outage(start?: "full" | "used"): Promise<number> {
    const clock = manualClock();
    const srv = server(clock);
    const wrapped = guarded(srv.store, start === undefined ? {} : { start });
    const limiter = createLimiter("3/1m", { store: wrapped, clock, name: "x" });
    for (let i = 0; i < 3; i++) await limiter.tryAcquire();
    far(srv).failure = gone;
    await limiter.tryAcquire({ key: "other" });
    srv.restart();
    far(srv).failure = undefined;
    let again = 0;
    for (let i = 0; i < 5; i++) if ((await limiter.tryAcquire()).granted) again++;
    if (again > 0) return again;
    await clock.advance("61s");
    expect(await limiter.tryAcquire()).toMatchObject({ granted: true });
    return again;
  }

  test("gives everything again, unless cold keys are to count as used", async () => {
    expect(await outage()).toBe(3);
    expect(await outage("full")).toBe(3);
    expect(await outage("used")).toBe(0);
  });

  test("what the limiter says of cold keys is the default", async () => {
    const clock = manualClock();
    const srv = server(clock);
    const wrapped = guarded(srv.store);
    const limiter = createLimiter("3/1m", { store: wrapped, clock, name: "x", start: "used" });
    far(srv).failure = gone;
    await limiter.tryAcquire();
    await limiter.tryAcquire({ key: "other" });
    expect(srv.opened).toEqual(["used", "used"]);
  });
});

test("instants promised on this process's clock do not hold up the store's, however far apart", async () => {
  const clock = manualClock({ wall: Date.UTC(2036, 0, 1) }); // the far store counts from another origin
  const store = farStore(clock);
  const wrapped = guarded(store, {
    onFailure: { share: 1 / 2 },
    circuit: { failures: 1, pause: 100 },
  });
  const limiter = createLimiter("2/500ms", { store: wrapped, clock, name: "x" });
  store.failure = gone;
  const calls = watchAll([1, 2, 3, 4, 5].map(() => limiter.acquire()));
  await clock.advance(90);
  store.failure = undefined;
  await clock.advance("4s");
  expect(outcomes(calls)).toEqual(calls.map(() => "fulfilled"));
});
