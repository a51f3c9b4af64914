import { describe, expect, test } from "vitest";
import { blocked, concurrency, createLimiter, pace, quota, window } from "../../src/index.ts";
import { manualClock } from "../../src/testing/index.ts";
import { watch } from "./outcomes.ts";

test("when nothing binds", () => {
  const limiter = createLimiter("2/1s", { clock: manualClock() });
  const explanation = limiter.explain();
  expect(explanation).toMatchObject({ position: 0, forecast: 0, warnings: [] });
  expect("limit" in explanation).toBe(false);
  expect(explanation.text).toContain("would pass now");
});

test("which limit binds, and for how long", () => {
  const limiter = createLimiter(
    { a: window(9, "1s"), b: window(1, "5s") },
    { clock: manualClock() },
  );
  limiter.tryAcquire();
  const explanation = limiter.explain();
  expect(explanation).toMatchObject({ limit: "b", position: 0, forecast: 5000 });
  expect(explanation.text).toContain("b");
  expect(explanation.text).toContain("5000 ms");
});

test("the position in the queue and a forecast behind it", async () => {
  const clock = manualClock();
  const limiter = createLimiter("1/1s", { clock });
  limiter.tryAcquire();
  const waiting = [1, 2, 3].map(() => watch(limiter.acquire()));
  expect(limiter.explain()).toMatchObject({ limit: "1/1s", position: 3, forecast: 4000 });
  expect(limiter.explain({ key: "other" })).toMatchObject({ position: 0, forecast: 0 });
  await clock.advance("1s");
  expect(limiter.explain()).toMatchObject({ position: 2, forecast: 3000 });
  await clock.advance("2s");
  expect(waiting.map(({ outcome }) => outcome)).toEqual(["fulfilled", "fulfilled", "fulfilled"]);
});

test("no forecast where only a release helps; who nests is warned", () => {
  const limiter = createLimiter({ slots: concurrency(1) }, { clock: manualClock() });
  limiter.tryAcquire();
  const explanation = limiter.explain();
  expect(explanation.limit).toBe("slots");
  expect("forecast" in explanation).toBe(false);
  expect(explanation.text).toContain("release");
  expect(explanation.warnings.length).toBe(1);
  expect(explanation.warnings[0]).toMatch(/slots .*waits for itself/);
});

test("a nested acquire is named while it hangs", async () => {
  const clock = manualClock();
  const limiter = createLimiter({ slots: concurrency(1) }, { clock });
  const nested = watch(limiter.run(() => limiter.run(() => "never", { timeout: "1s" })));
  await clock.advance(0);
  expect(limiter.explain()).toMatchObject({ position: 1, limit: "slots" });
  expect(limiter.explain().warnings[0]).toContain("waits for itself");
  await clock.advance("1s");
  expect(nested.outcome).toBe("LIMIT_EXCEEDED");
  expect(limiter.peek().granted).toBe(true);
});

describe("what the limits promise", () => {
  test("each kind by name", () => {
    const { promises } = createLimiter({
      exact: window(5, "1m"),
      parts: window(100, "10s", { parts: 10 }),
      even: pace("5/s"),
      burst: pace("5/s", { burst: 4, catchUp: 2 }),
      daily: quota(50, "day"),
      slots: concurrency(3),
      cool: concurrency(3, { cooldown: "2s" }),
    }).explain();
    expect(promises["exact"]).toContain("5 in any 1m");
    expect(promises["parts"]).toContain("100 in any 10s");
    expect(promises["even"]).toContain("ceil(5/1s * W)");
    expect(promises["burst"]).toContain("5 + ceil(5/1s * W)");
    expect(promises["daily"]).toMatch(/50 per day.*100/);
    expect(promises["slots"]).toContain("3 at once");
    expect(promises["cool"]).toContain("3 per 2s");
  });
});

describe("what cannot be reached", () => {
  test.each([
    { name: "a pace that is too fast for timers", limits: pace("200/s"), warns: /catchUp/ },
    {
      name: "a burst that is no window",
      limits: pace("10/s", { burst: 10 }),
      warns: /window\(10, "1s"\)/,
    },
    { name: "a window that never binds", limits: ["5/1m", "9/1s"] as const, warns: /never binds/ },
    { name: "blocked", limits: blocked, warns: /setLimits/ },
  ])("$name", ({ limits, warns }) => {
    const { warnings } = createLimiter(limits as never).explain();
    expect(warnings.join("\n")).toMatch(warns);
  });

  test.each([
    { name: "a pace with catchUp", limits: pace("90/s") },
    { name: "an even pace", limits: pace("10/s") },
    { name: "two windows that both bind", limits: ["5/1s", "9/1m"] as const },
    { name: "slots that are free", limits: concurrency(2) },
  ])("no warning for $name", ({ limits }) => {
    expect(createLimiter(limits as never).explain().warnings).toEqual([]);
  });
});

test("a pause is named", () => {
  const limiter = createLimiter("1/1s", { clock: manualClock() });
  limiter.pause("7s");
  expect(limiter.explain()).toMatchObject({ limit: "pause", forecast: 7000 });
});

describe("it says what peek says", () => {
  test("where the newcomer would fit and a costlier head waits", () => {
    const limiter = createLimiter("10/1s", { clock: manualClock() });
    limiter.tryAcquire({ cost: 5 });
    void watch(limiter.acquire({ cost: 10 }));
    expect(limiter.peek()).toMatchObject({ limit: "10/1s", retryAfter: 1000 });
    const explanation = limiter.explain();
    expect(explanation).toMatchObject({ limit: "10/1s", position: 1, forecast: 1000 });
    expect(explanation.text).toContain("It waits for 10/1s, at least 1000 ms.");
  });

  test("where another key waits for a limit of the whole limiter", () => {
    const limiter = createLimiter(
      { total: window(2, "1s", { per: "limiter" }), each: window(9, "1s") },
      { clock: manualClock() },
    );
    limiter.tryAcquire({ key: "a" });
    void watch(limiter.acquire({ key: "a", cost: { total: 2 } }));
    expect(limiter.peek({ key: "b" })).toMatchObject({ limit: "total" });
    expect(limiter.explain({ key: "b" })).toMatchObject({ limit: "total", position: 0 });
  });
});

test("it takes nothing", () => {
  const limiter = createLimiter("1/1s", { clock: manualClock() });
  limiter.explain();
  expect(limiter.tryAcquire().granted).toBe(true);
  expect(limiter.stats().admitted).toBe(1);
});
