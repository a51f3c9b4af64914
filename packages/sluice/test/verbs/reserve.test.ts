import { describe, expect, test } from "vitest";
import {
  concurrency,
  createLimiter,
  memory,
  pace,
  quota,
  type Reservation,
  window,
} from "../../src/index.ts";
import { sharedMemory } from "../../src/stores/shared-memory.ts";
import { manualClock } from "../../src/testing/index.ts";
import { codeOf, granted } from "./outcomes.ts";

const START = Date.UTC(2026, 0, 1);

/** How many more pass at once. */
function left(limiter: { tryAcquire(): { granted: boolean } }): number {
  let count = 0;
  while (limiter.tryAcquire().granted) count++;
  return count;
}

test("books one instant after the other and leaves the waiting to the caller", async () => {
  const clock = manualClock({ wall: START });
  const limiter = createLimiter("1/1s", { clock });
  const booked = [1, 2, 3].map(() => granted(limiter.reserve()));
  expect(booked.map(({ wait }) => wait)).toEqual([0, 1000, 2000]);
  expect(booked.map(({ instant }) => instant)).toEqual([START, START + 1000, START + 2000]);
  expect(clock.timers().active).toBe(0);
  expect(limiter.tryAcquire()).toMatchObject({ granted: false, retryAfter: 3000 });
  await clock.advance("2500ms");
  expect(granted(limiter.reserve()).wait).toBe(500);
});

test("books at most maxWait ahead, and a refusal writes nothing", () => {
  const clock = manualClock();
  const limiter = createLimiter("1/1m", { clock });
  granted(limiter.reserve());
  const before = limiter.snapshot();
  expect(limiter.reserve({ maxWait: "59s" })).toMatchObject({
    granted: false,
    limit: "1/1m",
    retryAfter: 60_000,
  });
  expect(limiter.snapshot()).toEqual(before);
  expect(granted(limiter.reserve({ maxWait: "1m" })).wait).toBe(60_000);
  expect(limiter.reserve({ maxWait: 0 }).granted).toBe(false);
});

test("an hour ahead unless told otherwise", () => {
  const limiter = createLimiter("1/30m", { clock: manualClock() });
  const waits = Array.from({ length: 4 }, () => limiter.reserve());
  expect(waits.map((answer) => answer.granted)).toEqual([true, true, true, false]);
});

test("is refused where slots are held", () => {
  const limiter = createLimiter({ calls: window(1, "1s"), slots: concurrency(1) });
  expect(codeOf(() => (limiter as unknown as { reserve(): void }).reserve())).toBe("RESERVE_HELD");
  expect(limiter.peek().granted).toBe(true);
});

test("comes after a pause", () => {
  const limiter = createLimiter("2/1s", { clock: manualClock() });
  limiter.pause("5s");
  expect(granted(limiter.reserve()).wait).toBe(5000);
});

describe("cancel", () => {
  test("gives the newest instant back", () => {
    const limiter = createLimiter("1/1s", { clock: manualClock() });
    granted(limiter.reserve());
    const booked = granted(limiter.reserve());
    expect(booked.cancel()).toBe(true);
    expect(booked.cancel()).toBe(false);
    expect(granted(limiter.reserve()).wait).toBe(1000);
  });

  test("does nothing once the instant has come", async () => {
    const clock = manualClock();
    const limiter = createLimiter("1/1s", { clock });
    const now = granted(limiter.reserve());
    const soon = granted(limiter.reserve());
    expect(now.cancel()).toBe(false);
    await clock.advance("1s");
    expect(soon.cancel()).toBe(false);
    expect(limiter.tryAcquire().granted).toBe(false);
  });

  test("does nothing after a release", () => {
    const limiter = createLimiter("1/1s", { clock: manualClock() });
    granted(limiter.reserve());
    const booked = granted(limiter.reserve());
    booked.release();
    expect(booked.cancel()).toBe(false);
  });

  test("never lowers what was promised after it", () => {
    const limiter = createLimiter("1/1s", { clock: manualClock() });
    const [, second, third] = [1, 2, 3].map(() => granted(limiter.reserve()));
    expect(second!.cancel()).toBe(true);
    expect(third!.wait).toBe(2000);
    // Whatever comes next keeps a second's distance from it.
    expect([1000, 3000]).toContain(granted(limiter.reserve()).wait);
  });

  test("a window keeps what it knew when the booking went far ahead", () => {
    const limiter = createLimiter("2/1m", { clock: manualClock() });
    limiter.tryAcquire();
    limiter.pause("2m");
    expect(granted(limiter.reserve()).cancel()).toBe(true);
    limiter.resume();
    expect(left(limiter)).toBe(1);
  });

  test("the same when another limit sent it far ahead", () => {
    const limiter = createLimiter(
      { short: window(5, "10m"), long: window(1, "50m") },
      { clock: manualClock() },
    );
    limiter.tryAcquire({ cost: { short: 4 } });
    expect(granted(limiter.reserve()).cancel()).toBe(true);
    expect(limiter.tryAcquire({ cost: { short: 2, long: 0 } }).granted).toBe(false);
    expect(limiter.tryAcquire({ cost: { short: 1, long: 0 } }).granted).toBe(true);
  });

  test("a quota keeps what was used of its period", () => {
    const limiter = createLimiter(quota(10, "1h"), { clock: manualClock() });
    limiter.tryAcquire({ cost: 8 });
    expect(granted(limiter.reserve({ cost: 5 })).cancel()).toBe(true);
    expect(left(limiter)).toBe(2);
  });

  test("parts take their units back, and what counted before still does", () => {
    const limiter = createLimiter(window(2, "1m", { parts: 2 }), { clock: manualClock() });
    limiter.tryAcquire();
    expect(granted(limiter.reserve({ cost: 2 })).cancel()).toBe(true);
    expect(limiter.tryAcquire().granted).toBe(true);
    expect(limiter.tryAcquire()).toMatchObject({ granted: false, retryAfter: 90_000 });
  });

  test("a pace takes its debt back", () => {
    const limiter = createLimiter(pace("1/s", { burst: 3 }), { clock: manualClock() });
    granted(limiter.reserve({ cost: 3 }));
    const booked = granted(limiter.reserve({ cost: 2 }));
    expect(booked.wait).toBe(2000);
    expect(booked.cancel()).toBe(true);
    expect(granted(limiter.reserve()).wait).toBe(1000);
  });

  test("a pace has promised nothing then", () => {
    const limiter = createLimiter(pace("1/s", { burst: 5 }), { clock: manualClock() });
    const permit = granted(limiter.tryAcquire({ cost: 5 }));
    expect(granted(limiter.reserve({ cost: 3 })).cancel()).toBe(true);
    permit.settle(2);
    expect(left(limiter)).toBe(3);
  });
});

describe.each([
  { name: "in memory", store: memory },
  { name: "on a shared store", store: () => sharedMemory(new SharedArrayBuffer(2 ** 20)) },
])("settle() and cancel() give back once, $name", ({ store }) => {
  type Rate = ReturnType<typeof window | typeof quota>;
  const LIMITS: { name: string; limits: Rate }[] = [
    { name: "window", limits: window(10, "1s") },
    { name: "parts", limits: window(10, "1s", { parts: 10 }) },
    { name: "quota", limits: quota(10, "1h") },
  ];

  /** Half of the next ten units, booked; and how many of them are still free. */
  function half(limits: Rate): { booked: Reservation<Rate>; free: () => number } {
    const limiter = createLimiter(limits, { clock: manualClock(), store: store(), name: "x" });
    granted(limiter.tryAcquire({ cost: 10 }));
    const [booked, other] = [5, 5].map((cost) => granted(limiter.reserve({ cost })));
    expect(other!.wait).toBe(booked!.wait);
    const free = (): number => {
      let count = 0;
      while (granted(limiter.reserve({ maxWait: "1d" })).wait === booked!.wait) count++;
      return count;
    };
    return { booked: booked!, free };
  }

  test.each(LIMITS)("$name, cancelled after it was settled", ({ limits }) => {
    const { booked, free } = half(limits);
    booked.settle(0);
    expect(booked.cancel()).toBe(false);
    expect(free()).toBe(5);
  });

  test.each(LIMITS)("$name, settled after it was cancelled", ({ limits }) => {
    const { booked, free } = half(limits);
    expect(booked.cancel()).toBe(true);
    expect(codeOf(() => booked.settle(0))).toBe("ALREADY_RELEASED");
    expect(codeOf(() => booked.release())).toBe("ALREADY_RELEASED");
    booked[Symbol.dispose]();
    expect(free()).toBe(5);
  });
});

test("a reservation can be settled like a permit", async () => {
  const clock = manualClock();
  const limiter = createLimiter("4/1s", { clock });
  limiter.tryAcquire({ cost: 4 });
  const booked = granted(limiter.reserve({ cost: 4 }));
  await clock.advance("1s");
  booked.settle(1);
  expect(left(limiter)).toBe(3);
  expect(codeOf(() => booked.settle(1))).toBe("ALREADY_SETTLED");
});

test("tickets rise over reservations and permits", () => {
  const limiter = createLimiter("9/1s", { clock: manualClock() });
  const tickets = [limiter.reserve(), limiter.tryAcquire(), limiter.reserve()].map(
    (answer) => granted(answer).ticket,
  );
  expect(tickets).toEqual(Array.from(tickets).sort((a, b) => a - b));
  expect(new Set(tickets).size).toBe(3);
});
