import { describe, expect, test } from "vitest";
import { concurrency, createLimiter, pace, window } from "../../src/index.ts";
import { manualClock } from "../../src/testing/index.ts";
import { outcomes, watch } from "./outcomes.ts";

const START = Date.UTC(2026, 0, 1);

describe("acquire", () => {
  test("passes at once while there is room, without a timer", async () => {
    const clock = manualClock();
    const limiter = createLimiter("2/1s", { clock });
    const [first, second] = await Promise.all([limiter.acquire(), limiter.acquire()]);
    expect([first.waited, second.waited]).toEqual([0, 0]);
    expect(clock.timers().active).toBe(0);
  });

  test("waits until its instant, to the microsecond", async () => {
    const clock = manualClock({ wall: START });
    const limiter = createLimiter("1/1s", { clock });
    await limiter.acquire();
    const second = watch(limiter.acquire());
    await clock.advance(999.999);
    expect(second.outcome).toBe("pending");
    await clock.advance(0.001);
    expect(second.outcome).toBe("fulfilled");
    expect(second.value!.waited).toBe(1000);
    expect(second.value!.instant).toBe(START + 1000);
  });

  test("is first come, first served", async () => {
    const clock = manualClock();
    const limiter = createLimiter("2/1s", { clock });
    const served: [number, number][] = [];
    for (let i = 0; i < 7; i++) void limiter.acquire().then(() => served.push([i, clock.now()]));
    await clock.advance("10s");
    expect(served).toEqual([
      [0, 0],
      [1, 0],
      [2, 1e6],
      [3, 1e6],
      [4, 2e6],
      [5, 2e6],
      [6, 3e6],
    ]);
  });

  test("the head is not overtaken by what fits better", async () => {
    const clock = manualClock();
    const limiter = createLimiter("5/1s", { clock });
    limiter.tryAcquire({ cost: 3 });
    await clock.advance(1);
    const large = watch(limiter.acquire({ cost: 5 }));
    const small = watch(limiter.acquire({ cost: 1 }));
    await clock.advance(998);
    expect(outcomes([large, small])).toEqual(["pending", "pending"]);
    await clock.advance(1);
    expect(outcomes([large, small])).toEqual(["fulfilled", "pending"]);
    await clock.advance("1s");
    expect(small.outcome).toBe("fulfilled");
  });

  test("keys wait independently", async () => {
    const clock = manualClock();
    const limiter = createLimiter("1/1s", { clock });
    limiter.tryAcquire({ key: "a" });
    await clock.advance(300);
    limiter.tryAcquire({ key: "b" });
    const served: string[] = [];
    for (const name of ["a1", "b1", "a2"]) {
      void limiter.acquire({ key: name[0]! }).then(() => served.push(`${name} ${clock.now()}`));
    }
    await limiter.acquire({ key: "c" });
    await clock.advance("5s");
    expect(served).toEqual(["a1 1000000", "b1 1300000", "a2 2000000"]);
  });

  test("a held head wakes on the release and at no other time", async () => {
    const clock = manualClock();
    const limiter = createLimiter(concurrency(2), { clock });
    const [first, second] = await Promise.all([limiter.acquire(), limiter.acquire()]);
    const waiting = [watch(limiter.acquire()), watch(limiter.acquire())];
    await clock.advance("1h");
    expect(clock.timers().active).toBe(0);
    second.release();
    await clock.advance(0);
    expect(outcomes(waiting)).toEqual(["fulfilled", "pending"]);
    expect(waiting[0]!.value!.waited).toBe(3_600_000);
    first.release();
    await clock.advance(0);
    expect(outcomes(waiting)).toEqual(["fulfilled", "fulfilled"]);
  });

  test("a slot that cools down comes back after its cooldown", async () => {
    const clock = manualClock();
    const limiter = createLimiter(concurrency(1, { cooldown: "1s" }), { clock });
    const first = await limiter.acquire();
    const second = watch(limiter.acquire());
    await clock.advance(400);
    first.release();
    await clock.advance(999.999);
    expect(second.outcome).toBe("pending");
    await clock.advance(0.001);
    expect(second.outcome).toBe("fulfilled");
  });

  test("a late waiter of a pace with catchUp makes up for what was missed", async () => {
    const clock = manualClock();
    const limiter = createLimiter(pace("10/s", { catchUp: 3 }), { clock });
    limiter.tryAcquire();
    const served: number[] = [];
    for (let i = 0; i < 8; i++) void limiter.acquire().then(() => served.push(clock.now()));
    clock.block("1s");
    await clock.advance(500);
    // Due at 0.1, 0.2, …; woken at 1 s: one for its time and three that were missed.
    expect(served).toEqual([1e6, 1e6, 1e6, 1e6, 1.1e6, 1.2e6, 1.3e6, 1.4e6]);
  });

  test("one timer serves all keys", async () => {
    const clock = manualClock();
    const limiter = createLimiter("1/1s", { clock });
    const waiting = [];
    for (let i = 0; i < 50; i++) {
      limiter.tryAcquire({ key: `k${i}` });
      waiting.push(watch(limiter.acquire({ key: `k${i}`, timeout: "1m" })));
      clock.block(1);
    }
    expect(clock.timers().active).toBe(1);
    await clock.advance("2s");
    expect(new Set(outcomes(waiting))).toEqual(new Set(["fulfilled"]));
    expect(clock.timers().active).toBe(0);
  });

  test("rejects and never throws", async () => {
    const limiter = createLimiter(window(1, "1s"), { clock: manualClock() });
    const calls = [
      limiter.acquire({ priority: 1.5 }),
      limiter.acquire({ key: 7 as never }),
      limiter.acquire({ cost: -1 }),
      limiter.acquire({ cost: 2 }),
      limiter.acquire({ cost: { nope: 1 } as never }),
    ].map((call) => watch(call));
    await Promise.allSettled(calls.map(() => undefined));
    expect(outcomes(calls)).toEqual([
      "INVALID_OPTION",
      "INVALID_OPTION",
      "INVALID_COST",
      "COST_IMPOSSIBLE",
      "UNKNOWN_LIMIT",
    ]);
    expect(limiter.peek().granted).toBe(true);
  });
});
