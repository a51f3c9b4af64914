/** `cancelWaiting` and `reset` end the waits, all of them. */

import { describe, expect, test } from "vitest";
import {
  concurrency,
  createLimiter,
  pace,
  quota,
  WaitCancelledError,
  window,
} from "../../src/index.ts";
import { manualClock } from "../../src/testing/index.ts";
import { granted, outcomes, watch } from "./outcomes.ts";

describe("cancelWaiting", () => {
  test("rejects all who wait, says how many, and the limiter goes on", async () => {
    const clock = manualClock();
    const limiter = createLimiter("1/1s", { clock });
    for (const key of ["a", "b"]) limiter.tryAcquire({ key });
    const calls = ["a", "b", "a"].map((key) => watch(limiter.acquire({ key })));
    expect(limiter.cancelWaiting()).toBe(3);
    await clock.advance(0);
    expect(outcomes(calls)).toEqual(Array(3).fill("WAIT_CANCELLED"));
    expect(calls[0]!.error).toBeInstanceOf(WaitCancelledError);
    expect(limiter.stats().waiting).toBe(0);
    expect(clock.timers().active).toBe(0);
    await clock.advance("1s");
    expect(limiter.tryAcquire({ key: "a" }).granted).toBe(true);
    expect(limiter.cancelWaiting()).toBe(0);
  });

  test("of one key only", async () => {
    const clock = manualClock();
    const limiter = createLimiter(window(1, "1s", { per: "limiter" }), { clock });
    limiter.tryAcquire();
    const calls = ["a", "b", "a"].map((key) => watch(limiter.acquire({ key })));
    expect(limiter.cancelWaiting({ key: "a" })).toBe(2);
    await clock.advance("1s");
    expect(outcomes(calls)).toEqual(["WAIT_CANCELLED", "fulfilled", "WAIT_CANCELLED"]);
  });

  test("with a reason of one's own", async () => {
    const clock = manualClock();
    const limiter = createLimiter("1/1s", { clock });
    limiter.tryAcquire();
    const call = watch(limiter.acquire());
    const reason = new Error("shutting down");
    limiter.cancelWaiting({ reason });
    await clock.advance(0);
    expect(call.error).toBe(reason);
  });

  test("nobody slips through because the one before was rejected", async () => {
    const clock = manualClock();
    const limiter = createLimiter("5/10s", { clock });
    limiter.tryAcquire({ cost: 3 });
    const calls = [5, 1, 1].map((cost) => watch(limiter.acquire({ cost })));
    expect(limiter.cancelWaiting()).toBe(3);
    await clock.advance(0);
    expect(outcomes(calls)).toEqual(Array(3).fill("WAIT_CANCELLED"));
    expect(limiter.stats().admitted).toBe(1);
  });

  test("nor in the limiter's line", async () => {
    const clock = manualClock();
    const limiter = createLimiter({ slots: concurrency(5, { per: "limiter" }) }, { clock });
    limiter.tryAcquire({ cost: { slots: 3 } });
    const large = watch(limiter.acquire({ key: "a", cost: { slots: 5 } }));
    const small = watch(limiter.acquire({ key: "b" }));
    expect(limiter.cancelWaiting()).toBe(2);
    await clock.advance(0);
    expect(outcomes([large, small])).toEqual(["WAIT_CANCELLED", "WAIT_CANCELLED"]);
    expect(limiter.peek().limits.slots.used).toBe(3);
  });

  test("takes nothing from those who hold permits", async () => {
    const limiter = createLimiter(concurrency(1), { clock: manualClock() });
    const permit = granted(limiter.tryAcquire());
    const call = watch(limiter.acquire());
    limiter.cancelWaiting();
    expect(limiter.tryAcquire().granted).toBe(false);
    permit.release();
    expect(limiter.tryAcquire().granted).toBe(true);
    await Promise.resolve();
    expect(call.value).toBe(undefined);
  });
});

describe("reset", () => {
  test("forgets the state of all keys, and rejects those who wait", async () => {
    const clock = manualClock();
    const limiter = createLimiter(
      { all: window(3, "1h", { per: "limiter" }), each: pace("1/h"), slots: concurrency(1) },
      { clock },
    );
    for (const key of ["a", "b"]) limiter.tryAcquire({ key });
    limiter.pause("1h");
    limiter.pause("1h", { key: "a" });
    const calls = ["a", "b", "c"].map((key) => watch(limiter.acquire({ key })));
    limiter.reset();
    await clock.advance(0);
    expect(outcomes(calls)).toEqual(Array(3).fill("WAIT_CANCELLED"));
    expect(limiter.keys()).toEqual([]);
    expect(limiter.peek({ key: "a" }).limits.all.used).toBe(0);
    expect(["a", "b", "c"].map((key) => limiter.tryAcquire({ key }).granted)).toEqual([
      true,
      true,
      true,
    ]);
    expect(limiter.tryAcquire({ key: "d" }).granted).toBe(false);
  });

  test("of one key leaves the others, and the limiter's own budget", async () => {
    const clock = manualClock();
    const limiter = createLimiter(
      { all: window(3, "1h", { per: "limiter" }), each: window(1, "1h") },
      { clock },
    );
    for (const key of ["a", "b"]) limiter.tryAcquire({ key });
    const calls = ["a", "b"].map((key) => watch(limiter.acquire({ key })));
    limiter.reset({ key: "a" });
    await clock.advance(0);
    expect(outcomes(calls)).toEqual(["WAIT_CANCELLED", "pending"]);
    expect(limiter.peek({ key: "a" }).limits).toMatchObject({
      all: { used: 2 },
      each: { used: 0 },
    });
    limiter.cancelWaiting();
  });

  test("nobody slips through", async () => {
    const clock = manualClock();
    const limiter = createLimiter("5/10s", { clock });
    limiter.tryAcquire({ cost: 3 });
    const calls = [5, 1].map((cost) => watch(limiter.acquire({ cost })));
    limiter.reset();
    await clock.advance(0);
    expect(outcomes(calls)).toEqual(["WAIT_CANCELLED", "WAIT_CANCELLED"]);
    expect(limiter.peek().limits["5/10s"]!.used).toBe(0);
  });

  test("a permit from before gives back nothing that was taken after", () => {
    const limits = [
      window(10, "1h"),
      window(10, "1h", { parts: 4 }),
      quota(10, "1h"),
      pace("10/h", { burst: 10 }),
    ];
    for (const limit of limits) {
      const limiter = createLimiter({ limit }, { clock: manualClock() });
      const before = granted(limiter.tryAcquire({ cost: 10 }));
      limiter.reset();
      const after = granted(limiter.tryAcquire({ cost: 6 }));
      before.settle(0);
      expect(limiter.peek().limits.limit.used).toBe(6);
      after.settle(5);
      expect(limiter.peek().limits.limit.used).toBe(5);
    }
  });

  test("nor frees a slot that another holds now", () => {
    const limiter = createLimiter({ slots: concurrency(1) }, { clock: manualClock() });
    const before = granted(limiter.tryAcquire());
    limiter.reset();
    const after = granted(limiter.tryAcquire());
    before.release();
    expect(limiter.peek().limits.slots.used).toBe(1);
    after.release();
    expect(limiter.peek().limits.slots.used).toBe(0);
  });

  test("nor charges the rest to a state that has forgotten it", () => {
    const limiter = createLimiter("10/1h", { clock: manualClock() });
    const before = granted(limiter.tryAcquire());
    limiter.reset();
    before.settle(7);
    expect(limiter.peek().limits["10/1h"]!.used).toBe(0);
  });

  test("in the turn of an acquire", async () => {
    const clock = manualClock();
    const limiter = createLimiter(pace("1/s", { burst: 3 }), { clock });
    await limiter.acquire();
    limiter.reset();
    limiter.tryAcquire();
    await clock.advance(0);
    expect(Object.values(limiter.peek().limits)[0]!.used).toBe(1);
  });
});
