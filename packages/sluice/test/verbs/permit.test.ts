import { describe, expect, test } from "vitest";
import { concurrency, createLimiter, type LimitsInput, window } from "../../src/index.ts";
import { manualClock } from "../../src/testing/index.ts";
import { codeOf, granted, watch } from "./outcomes.ts";

const START = Date.UTC(2026, 0, 1);

describe("its instant", () => {
  test("is that of the admission, rounded up to whole milliseconds", async () => {
    const clock = manualClock({ wall: START });
    const limiter = createLimiter("2/1s", { clock });
    await clock.advance(100.123);
    const permit = granted(limiter.tryAcquire());
    clock.block("2s");
    expect(permit.instant).toBe(START + 101);
  });

  test("stays what it was when first read, whatever the wall clock does", () => {
    const clock = manualClock();
    let jump = 0;
    // Like the system's: whole milliseconds, which do not change with the monotonic clock's.
    const wall = (): number => START + jump + Math.floor(clock.now() / 1e3);
    const limiter = createLimiter("2/1s", { clock: { ...clock, wall } });
    clock.block(0.5);
    const permit = granted(limiter.tryAcquire());
    const instants = new Set([permit.instant]);
    for (let i = 0; i < 100; i++) {
      clock.block(0.337);
      instants.add(permit.instant);
    }
    jump = -3_600_000;
    instants.add(permit.instant);
    expect(Array.from(instants)).toEqual([START]);
  });
});

test("waited is what the caller waited, in milliseconds", async () => {
  const clock = manualClock();
  const limiter = createLimiter("1/1s", { clock });
  expect((await limiter.acquire()).waited).toBe(0);
  await clock.advance(250);
  const second = watch(limiter.acquire());
  await clock.advance("1s");
  expect(second.value!.waited).toBe(750);
});

test("tickets rise over keys and verbs", async () => {
  const clock = manualClock();
  const limiter = createLimiter("2/1s", { clock });
  const tickets: number[] = [];
  const take = (key: string): number => tickets.push(granted(limiter.tryAcquire({ key })).ticket);
  take("a");
  take("b");
  tickets.push((await limiter.acquire({ key: "a" })).ticket);
  const late = watch(limiter.acquire({ key: "a" }));
  take("b");
  await clock.advance("1s");
  tickets.push(late.value!.ticket);
  await limiter.run((permit) => tickets.push(permit.ticket));
  tickets.push(limiter.acquireSync({ key: "c" }).ticket);
  limiter.reset();
  take("a");
  expect(tickets.length).toBe(8);
  expect(tickets.every((ticket, i) => i === 0 || ticket > tickets[i - 1]!)).toBe(true);
});

test("limits tell what it took of each", async () => {
  const limiter = createLimiter({
    calls: window(9, "1s"),
    tokens: window(50, "1m", { defaultCost: 7 }),
    slots: concurrency(4),
  });
  const permit = await limiter.acquire({ cost: { slots: 2, calls: 0 } });
  expect(permit.limits).toEqual({
    calls: { limit: "9/1s", cost: 0 },
    tokens: { limit: "50/1m", cost: 7 },
    slots: { limit: "4 at once", cost: 2 },
  });
});

test.each([
  { what: "alone", limits: { slots: concurrency(2, { lease: "1s" }) } },
  {
    what: "beside a window",
    limits: { slots: concurrency(2, { lease: "1s" }), window: window(9, "1m") },
  },
])("in memory slots have no lease, $what: only their holder frees them", async ({ limits }) => {
  const clock = manualClock();
  const limiter = createLimiter<LimitsInput>(limits, { clock });
  const held = [1, 2].map(() => granted(limiter.tryAcquire()));
  await clock.advance("2s");
  expect(limiter.tryAcquire()).toMatchObject({ granted: false, limit: "slots" });
  for (const permit of held) permit.release();
  expect(limiter.tryAcquire().granted).toBe(true);
});

describe("release", () => {
  test("gives the slots back, never the cost", () => {
    const limiter = createLimiter(
      { calls: window(2, "1m"), slots: concurrency(3) },
      { clock: manualClock() },
    );
    const permit = granted(limiter.tryAcquire({ cost: { slots: 3 } }));
    permit.release();
    expect(limiter.peek().limits).toMatchObject({ calls: { used: 1 }, slots: { used: 0 } });
  });

  test("a second one is an error", () => {
    for (const limits of [concurrency(1), window(1, "1s")]) {
      const permit = granted(createLimiter(limits).tryAcquire());
      permit.release();
      expect(codeOf(() => permit.release())).toBe("ALREADY_RELEASED");
    }
  });

  test("frees its own slot only, however often it is disposed of", () => {
    const limiter = createLimiter({ slots: concurrency(2) });
    const [first] = [granted(limiter.tryAcquire()), granted(limiter.tryAcquire())];
    first.release();
    first[Symbol.dispose]();
    codeOf(() => first.release());
    expect(limiter.peek().limits.slots.used).toBe(1);
  });
});

describe("disposing", () => {
  test("releases, both ways", async () => {
    const limiter = createLimiter({ slots: concurrency(1) });
    granted(limiter.tryAcquire())[Symbol.dispose]();
    expect(limiter.peek().limits.slots.used).toBe(0);
    await granted(limiter.tryAcquire())[Symbol.asyncDispose]();
    expect(limiter.peek().limits.slots.used).toBe(0);
  });

  test("after a release, and again, it does nothing", async () => {
    const limiter = createLimiter({ slots: concurrency(1) });
    const permit = granted(limiter.tryAcquire());
    permit.release();
    granted(limiter.tryAcquire());
    permit[Symbol.dispose]();
    await permit[Symbol.asyncDispose]();
    expect(limiter.peek().limits.slots.used).toBe(1);
  });

  test("a release after it is an error", () => {
    const permit = granted(createLimiter(concurrency(1)).tryAcquire());
    permit[Symbol.dispose]();
    expect(codeOf(() => permit.release())).toBe("ALREADY_RELEASED");
  });

  test("never gives cost back", () => {
    const limiter = createLimiter("1/1m", { clock: manualClock() });
    granted(limiter.tryAcquire())[Symbol.dispose]();
    expect(limiter.tryAcquire().granted).toBe(false);
  });

  test("with `using` and `await using`", async () => {
    const limiter = createLimiter({ slots: concurrency(2) });
    const seen: number[] = [];
    {
      using answer = limiter.tryAcquire();
      await using permit = await limiter.acquire();
      seen.push(limiter.peek().limits.slots.used);
      expect([answer.granted, permit.granted]).toEqual([true, true]);
      using refusal = limiter.tryAcquire();
      expect(refusal.granted).toBe(false);
    }
    seen.push(limiter.peek().limits.slots.used);
    expect(seen).toEqual([2, 0]);
  });
});
