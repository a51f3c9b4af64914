import { describe, expect, test } from "vitest";
import {
  concurrency,
  createLimiter,
  type LimiterSnapshot,
  type LimitsInput,
  pace,
  quota,
  window,
} from "../../src/index.ts";
import { manualClock } from "../../src/testing/index.ts";
import { codeOf, granted, outcomes, watch } from "./outcomes.ts";

const START = Date.UTC(2026, 0, 1);

function json(snapshot: LimiterSnapshot): LimiterSnapshot {
  return JSON.parse(JSON.stringify(snapshot)) as LimiterSnapshot;
}

/** How many more pass at once. */
function left(
  limiter: { tryAcquire(o?: { key?: string }): { granted: boolean } },
  key = "",
): number {
  let count = 0;
  while (limiter.tryAcquire({ key }).granted) count++;
  return count;
}

const LIMITS: { name: string; limits: LimitsInput }[] = [
  { name: "window", limits: window(5, "1m") },
  { name: "windows in a ring", limits: ["5/1m", "9/1h"] },
  { name: "parts", limits: window(5, "1m", { parts: 6 }) },
  { name: "pace", limits: pace("5/m", { burst: 5 }) },
  { name: "quota", limits: quota(5, "1h") },
  { name: "a limiter's window", limits: window(5, "1m", { per: "limiter" }) },
  { name: "several", limits: { a: window(5, "1m"), b: pace("5/m", { burst: 9 }) } },
];

describe.each(LIMITS)("$name", ({ limits }) => {
  // Of a young process the clock is near its origin; of another machine it is anywhere.
  test.each([0, 1, 1e3, 77e6, 9e12])("goes on in a process whose clock reads %i", async (now) => {
    const old = manualClock({ now: 100e6, wall: START });
    const before = createLimiter<LimitsInput>(limits, { clock: old });
    before.tryAcquire({ cost: 3 });
    await old.advance("10s");
    const saved = json(before.snapshot());
    await old.advance("5s");
    const clock = manualClock({ now, wall: old.wall() });
    const after = createLimiter<LimitsInput>(limits, { clock });
    after.restore(saved);
    const [told, expected] = [after.tryAcquire({ cost: 5 }), before.tryAcquire({ cost: 5 })];
    expect(told).toEqual(expected);
    expect(told.granted).toBe(false);
    expect(left(after)).toBe(left(before));
    await Promise.all([clock.advance("2m"), old.advance("2m")]);
    expect(after.peek().limits).toEqual(before.peek().limits);
  });
});

test("the time in between has passed", async () => {
  const old = manualClock({ wall: START });
  const before = createLimiter("2/1m", { clock: old });
  before.tryAcquire();
  await old.advance("20s");
  before.tryAcquire();
  const saved = json(before.snapshot());
  const clock = manualClock({ wall: START + 65_000 });
  const after = createLimiter("2/1m", { clock });
  after.restore(saved);
  expect(left(after)).toBe(1);
  expect(after.tryAcquire()).toMatchObject({ retryAfter: 15_000 });
});

test("a wall clock that went back counts as no time at all", () => {
  const before = createLimiter("1/1m", { clock: manualClock({ wall: START }) });
  before.tryAcquire();
  const after = createLimiter("1/1m", { clock: manualClock({ wall: START - 3_600_000 }) });
  after.restore(json(before.snapshot()));
  expect(after.tryAcquire()).toMatchObject({ retryAfter: 60_000 });
});

test("pauses come along", () => {
  const before = createLimiter("9/1m", { clock: manualClock({ wall: START }) });
  before.tryAcquire({ key: "b" });
  before.pause("1m");
  before.pause("2m", { key: "a" });
  const after = createLimiter("9/1m", { clock: manualClock({ now: 5e6, wall: START + 1000 }) });
  after.restore(json(before.snapshot()));
  expect(after.tryAcquire({ key: "a" })).toMatchObject({ limit: "pause", retryAfter: 119_000 });
  expect(after.tryAcquire({ key: "b" })).toMatchObject({ limit: "pause", retryAfter: 59_000 });
});

test("who held a slot is taken to have ended at the save", () => {
  const limits = { slots: concurrency(2, { cooldown: "10s" }) };
  const before = createLimiter(limits, { clock: manualClock({ wall: START }) });
  before.tryAcquire();
  const after = createLimiter(limits, { clock: manualClock({ wall: START + 4000 }) });
  after.restore(json(before.snapshot()));
  expect(after.tryAcquire().granted).toBe(true);
  expect(after.tryAcquire()).toMatchObject({ granted: false, retryAfter: 6000 });
});

test("what was there before is replaced; permits from before do nothing", () => {
  const clock = manualClock();
  const limits = { calls: window(3, "1m"), slots: concurrency(3) };
  const limiter = createLimiter(limits, { clock });
  const empty = json(limiter.snapshot());
  const permit = granted(limiter.tryAcquire({ key: "a", cost: { calls: 3 } }));
  const full = json(limiter.snapshot());
  limiter.restore(empty);
  expect(limiter.keys()).toEqual([]);
  expect(limiter.peek({ key: "a" }).limits.calls.used).toBe(0);
  limiter.restore(full);
  permit.settle({ calls: 0 });
  permit.release();
  expect(limiter.peek({ key: "a" }).limits.calls.used).toBe(3);
});

test("those who wait go by what was restored", async () => {
  const clock = manualClock();
  const limiter = createLimiter("1/1h", { clock });
  const empty = json(limiter.snapshot());
  limiter.tryAcquire();
  const calls = [watch(limiter.acquire()), watch(limiter.acquire())];
  limiter.restore(empty);
  await clock.advance(0);
  expect(outcomes(calls)).toEqual(["fulfilled", "pending"]);
  await clock.advance("1h");
  expect(calls[1]!.outcome).toBe("fulfilled");
});

test("only what still counts is saved", async () => {
  const clock = manualClock();
  const limiter = createLimiter("1/10s", { clock });
  for (const key of ["a", "b"]) limiter.tryAcquire({ key });
  expect(limiter.snapshot().state.rows.length).toBe(2);
  clock.block("10s");
  expect(limiter.snapshot().state.rows.length).toBe(0);
});

const sound = createLimiter("1/1s", { clock: manualClock() }).snapshot();
const rows = (...all: unknown[]): unknown => ({ ...sound, state: { ...sound.state, rows: all } });

test.each<{ what: string; value: unknown }>([
  { what: "nothing", value: undefined },
  { what: "null", value: null },
  { what: "a number", value: 5 },
  { what: "a text", value: "snapshot" },
  { what: "an empty object", value: {} },
  { what: "an array", value: [] },
  { what: "another version", value: { ...sound, sluice: 2 } },
  { what: "no state", value: { ...sound, state: undefined } },
  { what: "no time", value: { ...sound, state: { ...sound.state, now: undefined } } },
  { what: "a time that is none", value: { ...sound, state: { ...sound.state, now: Number.NaN } } },
  { what: "an endless time", value: { ...sound, state: { ...sound.state, wall: Infinity } } },
  { what: "rows that are none", value: { ...sound, state: { ...sound.state, rows: {} } } },
  { what: "a row that is null", value: rows(null) },
  { what: "a key that is no text", value: rows({ key: 1, plan: "", gate: 0, states: [] }) },
  { what: "a gate that is none", value: rows({ key: "a", plan: "", gate: null, states: [] }) },
  { what: "no states", value: rows({ key: "a", plan: "", gate: 0 }) },
  { what: "a state of texts", value: rows({ key: "a", plan: "", gate: 0, states: [["x"]] }) },
])("$what is refused, and nothing is changed", ({ value }) => {
  const limiter = createLimiter("1/1m", { clock: manualClock() });
  limiter.tryAcquire();
  expect(codeOf(() => limiter.restore(value as LimiterSnapshot))).toBe("INVALID_SNAPSHOT");
  expect(limiter.tryAcquire().granted).toBe(false);
});

test("a snapshot of other limits is not dropped in silence", () => {
  const before = createLimiter("3/1h", { clock: manualClock() });
  before.tryAcquire({ cost: 3 });
  const after = createLimiter("4/1h", { clock: manualClock() });
  expect(codeOf(() => after.restore(json(before.snapshot())))).toBe("INVALID_SNAPSHOT");
});
