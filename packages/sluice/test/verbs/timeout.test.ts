import { describe, expect, test } from "vitest";
import { concurrency, createLimiter, LimitExceededError, pace, window } from "../../src/index.ts";
import { manualClock } from "../../src/testing/index.ts";
import { outcomes, watch } from "./outcomes.ts";

describe("beyond the forecast", () => {
  test("it rejects at once, and waits for nothing", async () => {
    const clock = manualClock();
    const limiter = createLimiter("1/10s", { clock });
    limiter.tryAcquire();
    const call = watch(limiter.acquire({ timeout: "9s" }));
    await clock.advance(0);
    expect(call.error).toBeInstanceOf(LimitExceededError);
    const { code, refusal } = call.error as LimitExceededError;
    expect(code).toBe("LIMIT_EXCEEDED");
    expect(refusal).toMatchObject({ granted: false, limit: "1/10s", retryAfter: 10_000 });
    expect(limiter.stats()).toMatchObject({ waiting: 0, refused: 1 });
    expect(clock.timers().active).toBe(0);
  });

  test("what stands in the queue counts", async () => {
    const clock = manualClock();
    const limiter = createLimiter("1/1s", { clock });
    limiter.tryAcquire();
    const waiting = [1, 2, 3].map(() => watch(limiter.acquire()));
    const short = watch(limiter.acquire({ timeout: 3999 }));
    const enough = watch(limiter.acquire({ timeout: 4001 }));
    await clock.advance(0);
    expect(outcomes([short, enough])).toEqual(["LIMIT_EXCEEDED", "pending"]);
    expect((short.error as LimitExceededError).refusal.retryAfter).toBe(4000);
    await clock.advance("4s");
    expect(outcomes([...waiting, enough])).toEqual(Array(4).fill("fulfilled"));
  });

  test("who has a higher priority does not count those below", async () => {
    const clock = manualClock();
    const limiter = createLimiter("1/1s", { clock });
    limiter.tryAcquire();
    const waiting = [1, 2, 3].map(() => watch(limiter.acquire()));
    const urgent = watch(limiter.acquire({ timeout: 1500, priority: 1 }));
    await clock.advance(1500);
    expect(outcomes([urgent, ...waiting])).toEqual(["fulfilled", "pending", "pending", "pending"]);
    limiter.cancelWaiting();
  });

  test("a pause counts", async () => {
    const clock = manualClock();
    const limiter = createLimiter("1/1s", { clock });
    limiter.pause("1m");
    const call = watch(limiter.acquire({ timeout: "59s" }));
    await clock.advance(0);
    expect((call.error as LimitExceededError).refusal).toMatchObject({
      limit: "pause",
      retryAfter: 60_000,
    });
  });

  test("many before it in a pace", async () => {
    const clock = manualClock();
    const limiter = createLimiter(pace("10/s"), { clock });
    const waiting = Array.from({ length: 21 }, () => watch(limiter.acquire()));
    const late = watch(limiter.acquire({ timeout: 2099 }));
    const fits = watch(limiter.acquire({ timeout: 2101 }));
    await clock.advance(0);
    expect(outcomes([late, fits])).toEqual(["LIMIT_EXCEEDED", "pending"]);
    await clock.advance("3s");
    expect(outcomes([waiting[20]!, fits])).toEqual(["fulfilled", "fulfilled"]);
  });
});

test("an instant at the end of the time-out is soon enough", async () => {
  const clock = manualClock();
  const limiter = createLimiter("1/1s", { clock });
  limiter.tryAcquire();
  const call = watch(limiter.acquire({ timeout: "1s" }));
  await clock.advance("1s");
  expect(call.outcome).toBe("fulfilled");
});

describe("behind a held slot", () => {
  test("it waits the time out", async () => {
    const clock = manualClock();
    const limiter = createLimiter({ slots: concurrency(1) }, { clock });
    limiter.tryAcquire();
    const call = watch(limiter.acquire({ timeout: "5s" }));
    await clock.advance(4999.999);
    expect(call.outcome).toBe("pending");
    await clock.advance(0.001);
    expect(call.outcome).toBe("LIMIT_EXCEEDED");
    const { refusal } = call.error as LimitExceededError;
    expect(refusal.limit).toBe("slots");
    expect("retryAfter" in refusal).toBe(false);
    expect(limiter.stats().waiting).toBe(0);
    expect(clock.timers().active).toBe(0);
  });

  test("a release in time saves it, and no timer stays", async () => {
    const clock = manualClock();
    const limiter = createLimiter(concurrency(1), { clock });
    const first = await limiter.acquire();
    const call = watch(limiter.acquire({ timeout: "5s" }));
    await clock.advance("4s");
    first.release();
    await clock.advance(0);
    expect(call.outcome).toBe("fulfilled");
    expect(call.value!.waited).toBe(4000);
    expect(clock.timers().active).toBe(0);
  });

  test("who comes after it goes on when it leaves", async () => {
    const clock = manualClock();
    const limiter = createLimiter({ slots: concurrency(3) }, { clock });
    limiter.tryAcquire({ cost: { slots: 2 } });
    const large = watch(limiter.acquire({ cost: { slots: 2 }, timeout: "1s" }));
    const small = watch(limiter.acquire());
    await clock.advance(999);
    expect(outcomes([large, small])).toEqual(["pending", "pending"]);
    await clock.advance(1);
    expect(outcomes([large, small])).toEqual(["LIMIT_EXCEEDED", "fulfilled"]);
  });

  test("each has its own time-out, whatever its place", async () => {
    const clock = manualClock();
    const limiter = createLimiter(concurrency(1), { clock });
    limiter.tryAcquire();
    const calls = [5, 1, 3].map((s) => watch(limiter.acquire({ timeout: s * 1000 })));
    await clock.advance("1s");
    expect(outcomes(calls)).toEqual(["pending", "LIMIT_EXCEEDED", "pending"]);
    await clock.advance("2s");
    expect(outcomes(calls)).toEqual(["pending", "LIMIT_EXCEEDED", "LIMIT_EXCEEDED"]);
    await clock.advance("2s");
    expect(calls[0]!.outcome).toBe("LIMIT_EXCEEDED");
    expect(clock.timers().active).toBe(0);
  });
});

test("a time-out of 0 means now or never", async () => {
  const clock = manualClock();
  const limiter = createLimiter({ calls: window(2, "1s"), slots: concurrency(1) }, { clock });
  const first = await limiter.acquire({ timeout: 0 });
  const held = watch(limiter.acquire({ timeout: 0 }));
  await clock.advance(0);
  expect(held.outcome).toBe("LIMIT_EXCEEDED");
  first.release();
  await limiter.acquire({ timeout: 0 });
});

test("what was refused in time has cost nothing", async () => {
  const clock = manualClock();
  const limiter = createLimiter({ calls: window(2, "1m"), slots: concurrency(1) }, { clock });
  limiter.tryAcquire();
  const call = watch(limiter.acquire({ timeout: "1s" }));
  await clock.advance("1s");
  expect(call.outcome).toBe("LIMIT_EXCEEDED");
  expect(limiter.peek().limits).toMatchObject({ calls: { used: 1 }, slots: { used: 1 } });
});

test.each([-1, Number.NaN, Number.POSITIVE_INFINITY, "1 s", "soon"])(
  "a time-out of %s is refused",
  async (timeout) => {
    const clock = manualClock();
    const limiter = createLimiter("1/1s", { clock });
    limiter.tryAcquire();
    const call = watch(limiter.acquire({ timeout: timeout as never }));
    await clock.advance(0);
    expect(call.outcome).toBe("INVALID_OPTION");
    expect((call.error as Error).message).toContain(String(timeout));
    expect(limiter.stats().waiting).toBe(0);
  },
);

test.each(["5 sec", Number.NaN, -1])(
  "a timeout of %s is refused though there is room",
  async (bad) => {
    const limiter = createLimiter("2/1s", { clock: manualClock() });
    const call = watch(limiter.acquire({ timeout: bad as number }));
    await Promise.resolve();
    expect(call.outcome).toBe("INVALID_OPTION");
    expect(limiter.peek().limits["2/1s"]!.used).toBe(0);
  },
);

test("late waiters of a pace with catchUp go together, so nobody behind them is refused for them", async () => {
  const clock = manualClock();
  const limiter = createLimiter(pace("10/s", { catchUp: 10 }), { clock });
  limiter.tryAcquire();
  limiter.pause("1s");
  for (let i = 0; i < 5; i++) void limiter.acquire();
  await clock.advance(900);
  const call = watch(limiter.acquire({ timeout: 150 }));
  await clock.advance(100);
  expect(call.outcome).toBe("fulfilled");
});
