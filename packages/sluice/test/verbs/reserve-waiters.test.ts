/** `reserve` first commits those who wait before it. */

import { describe, expect, test, vi } from "vitest";
import { Appointments } from "../../src/appointments.ts";
import { createLimiter, pace, window } from "../../src/index.ts";
import { manualClock } from "../../src/testing/index.ts";
import { granted, outcomes, watch } from "./outcomes.ts";

test("in order, each at its own instant", async () => {
  const clock = manualClock();
  const limiter = createLimiter("1/1s", { clock });
  limiter.tryAcquire();
  const served: string[] = [];
  for (const name of ["0a", "0b", "1c"]) {
    void limiter
      .acquire({ priority: Number(name[0]) })
      .then((permit) => served.push(`${name} ${permit.waited}`));
  }
  expect(granted(limiter.reserve()).wait).toBe(4000);
  expect(clock.timers().active).toBe(1);
  await clock.advance("3s");
  expect(served).toEqual(["1c 1000", "0a 2000", "0b 3000"]);
  expect(clock.timers().active).toBe(0);
});

test("also those of other keys that wait for the limiter", async () => {
  const clock = manualClock();
  const limiter = createLimiter(window(1, "1s", { per: "limiter" }), { clock });
  limiter.tryAcquire();
  const first = watch(limiter.acquire({ key: "b" }));
  expect(granted(limiter.reserve({ key: "c" })).wait).toBe(2000);
  await clock.advance("1s");
  expect(first.outcome).toBe("fulfilled");
});

test("not those of other keys that wait for their own limits", async () => {
  const clock = manualClock();
  const limiter = createLimiter("1/1s", { clock });
  limiter.tryAcquire({ key: "a" });
  const other = watch(limiter.acquire({ key: "a" }));
  expect(granted(limiter.reserve({ key: "b" })).wait).toBe(0);
  await clock.advance("1s");
  expect(other.outcome).toBe("fulfilled");
});

test("also when it is refused for maxWait: then they only wait on", async () => {
  const clock = manualClock();
  const limiter = createLimiter("1/1s", { clock });
  limiter.tryAcquire();
  const waiting = [watch(limiter.acquire()), watch(limiter.acquire())];
  expect(limiter.reserve({ maxWait: "2s" })).toMatchObject({ granted: false, retryAfter: 3000 });
  await clock.advance("2s");
  expect(outcomes(waiting)).toEqual(["fulfilled", "fulfilled"]);
  expect(limiter.stats().waiting).toBe(0);
});

describe("who was booked", () => {
  test("can be aborted, and its instant passes to the next", async () => {
    const clock = manualClock();
    const limiter = createLimiter("1/1s", { clock });
    limiter.tryAcquire();
    const abort = new AbortController();
    const first = watch(limiter.acquire({ signal: abort.signal }));
    const second = watch(limiter.acquire());
    expect(granted(limiter.reserve()).wait).toBe(3000);
    abort.abort("left");
    await clock.advance("1s");
    expect(outcomes([first, second])).toEqual(["left", "fulfilled"]);
  });

  test("can time out", async () => {
    const clock = manualClock();
    const limiter = createLimiter("5/1s", { clock });
    limiter.tryAcquire({ cost: 5 });
    const first = watch(limiter.acquire({ cost: 5 }));
    const second = watch(limiter.acquire({ cost: 1, timeout: 2500 }));
    granted(limiter.reserve());
    limiter.pause("1m");
    await clock.advance("3s");
    expect(outcomes([first, second])).toEqual(["pending", "LIMIT_EXCEEDED"]);
    await clock.advance("1m");
    expect(first.outcome).toBe("fulfilled");
    expect(clock.timers().active).toBe(0);
  });

  test("can be cancelled, and gives its instant back", async () => {
    const clock = manualClock();
    const limiter = createLimiter("1/1s", { clock });
    limiter.tryAcquire();
    const waiting = watch(limiter.acquire());
    const booked = granted(limiter.reserve());
    expect(booked.cancel()).toBe(true);
    expect(limiter.cancelWaiting()).toBe(1);
    await clock.advance(0);
    expect(waiting.outcome).toBe("WAIT_CANCELLED");
    expect(granted(limiter.reserve()).wait).toBe(1000);
  });

  test("gives an instant back that others no longer wait behind", async () => {
    const clock = manualClock();
    const limiter = createLimiter(window(1, "1s", { per: "limiter" }), { clock });
    limiter.tryAcquire();
    const paused = watch(limiter.acquire({ key: "a" }));
    granted(limiter.reserve({ key: "b", cost: 0 }));
    limiter.pause("1h", { key: "a" });
    await clock.advance("1s");
    const other = watch(limiter.acquire({ key: "b" }));
    expect(limiter.cancelWaiting({ key: "a" })).toBe(1);
    await clock.advance(0);
    expect(outcomes([paused, other])).toEqual(["WAIT_CANCELLED", "fulfilled"]);
  });

  test("is asked for anew when another state is restored", async () => {
    const clock = manualClock();
    const limiter = createLimiter("1/1s", { clock });
    const empty = limiter.snapshot();
    limiter.tryAcquire();
    const served: number[] = [];
    for (let i = 0; i < 2; i++) void limiter.acquire().then(() => served.push(clock.now() / 1e6));
    granted(limiter.reserve());
    await clock.advance(500);
    limiter.restore(empty);
    await clock.advance("5s");
    expect(served).toEqual([0.5, 1.5]);
  });

  test("obeys a pause, and pays once", async () => {
    const clock = manualClock();
    const limiter = createLimiter(["4/1h", "1/1s"], { clock });
    limiter.tryAcquire();
    const waiting = watch(limiter.acquire());
    granted(limiter.reserve()).cancel();
    limiter.pause("10s");
    await clock.advance(9999);
    expect(waiting.outcome).toBe("pending");
    await clock.advance(1);
    expect(waiting.outcome).toBe("fulfilled");
    expect(limiter.peek().limits["4/1h"]!.used).toBe(2);
  });

  test("is let through by a breach, in order", async () => {
    const clock = manualClock();
    const limiter = createLimiter(pace("1/s"), { clock });
    limiter.tryAcquire();
    const served: number[] = [];
    for (let i = 0; i < 3; i++) void limiter.acquire().then(() => served.push(i));
    granted(limiter.reserve());
    void limiter.acquire().then(() => served.push(3));
    limiter.breach();
    await clock.advance(0);
    expect(served).toEqual([0, 1, 2, 3]);
    expect(clock.timers().active).toBe(0);
  });

  test("goes by new limits", async () => {
    const clock = manualClock();
    const limiter = createLimiter("5/10s", { clock });
    limiter.tryAcquire({ cost: 5 });
    const large = watch(limiter.acquire({ cost: 5 }));
    const small = watch(limiter.acquire({ cost: 2 }));
    granted(limiter.reserve()).cancel();
    limiter.setLimits("4/5s");
    await clock.advance(0);
    expect(outcomes([large, small])).toEqual(["COST_IMPOSSIBLE", "pending"]);
    await clock.advance("5s");
    expect(small.outcome).toBe("fulfilled");
  });

  test("counts as waiting, for stats and for newcomers", async () => {
    const clock = manualClock();
    const limiter = createLimiter("1/1s", { clock });
    limiter.tryAcquire();
    const first = watch(limiter.acquire());
    granted(limiter.reserve());
    const last = watch(limiter.acquire());
    expect(limiter.stats().waiting).toBe(2);
    expect(limiter.tryAcquire().granted).toBe(false);
    await clock.advance("2s");
    expect(outcomes([first, last])).toEqual(["fulfilled", "pending"]);
    await clock.advance("1s");
    expect(last.outcome).toBe("fulfilled");
  });

  test("and wakes late keeps its distance from what is promised after it", async () => {
    const clock = manualClock();
    const limiter = createLimiter("1/1s", { clock });
    limiter.tryAcquire();
    const served: number[] = [];
    for (let i = 0; i < 2; i++) void limiter.acquire().then(() => served.push(clock.now() / 1e6));
    expect(granted(limiter.reserve()).wait).toBe(3000);
    clock.block(1900);
    await clock.advance("8s");
    // At 1 s it was too late for the first; the second is due at 2 s, the reservation at 3 s.
    expect(served).toEqual([2, 4]);
  });

  test("and is booked anew keeps to its new instant", async () => {
    const clock = manualClock();
    const limiter = createLimiter(window(1, 20, { parts: 2 }), { clock });
    const served: number[] = [];
    const ask = (options = {}): void => {
      const call = limiter.acquire(options);
      call.then(
        () => served.push(clock.now() / 1e3),
        () => undefined,
      );
    };
    ask();
    ask();
    ask({ timeout: 50 });
    ask();
    limiter.reserve({ cost: 0, maxWait: 0 });
    await clock.advance(1);
    clock.block(60);
    await clock.advance("1s");
    expect(served).toEqual([0, 90, 120]);
  });
});

test("of those who are cancelled together nobody moves up into what the others had", () => {
  const limiter = createLimiter("1/1s", { clock: manualClock() });
  limiter.tryAcquire();
  for (let i = 0; i < 100; i++) limiter.acquire().catch(() => undefined);
  limiter.reserve();
  const books = vi.spyOn(Appointments.prototype, "book");
  expect(limiter.cancelWaiting()).toBe(100);
  expect(books).not.toHaveBeenCalled();
  books.mockRestore();
  expect(limiter.stats().waiting).toBe(0);
});
