// A clock that is set back, or jumps ahead, and what a store makes of it.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LedgerKit, type Pass, planBreach } from "../../../test/limits/ledger-kit.ts";
import { micros } from "../../../test/limits/limit-arbitraries.ts";
import { type Mix, timedMixes } from "../../../test/limits/mixes.ts";
import { quota } from "../../limits/quota/builder.ts";

const HOUR = 3600e6;

describe("the monotonic clock is set back", () => {
  const traces = fc.array(fc.tuple(fc.nat({ max: 30 }), fc.nat({ max: 60 }), fc.nat({ max: 4 })), {
    maxLength: 40,
    size: "max",
  });
  // Quotas live on the wall clock, which is not set back here.
  const steady = timedMixes.filter((mix) =>
    Object.values(mix).every(({ kind }) => kind !== "quota"),
  );

  /** Lets pass what passes, while the clock goes on and back; returns it on the ledger's clock. */
  function run(mix: Mix, trace: readonly (readonly number[])[], steps: boolean): Pass[] {
    const kit = new LedgerKit({ now: 1e12 });
    const plan = kit.plan(mix);
    return trace.flatMap(([on, back, often]) => {
      kit.block(on!);
      // Only what was read can be told from time that has not come yet.
      kit.ledger.now();
      if (steps && often === 0 && back! > 0) kit.clock.stepBack(micros(back! * 1_000));
      return kit.pass(plan) ?? [];
    });
  }

  test("it is as if it stood still: nobody passes who would not have", () => {
    fc.assert(
      fc.property(steady, traces, (mix, trace) => {
        const sound = run(mix, trace, false);
        const passes = run(mix, trace, true);
        expect(passes.map(({ at }) => at)).toEqual(sound.map(({ at }) => at));
        expect(passes[0] && planBreach(passes[0].plan, passes, 0)).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  test("nobody waits for the hours to come again", () => {
    const kit = new LedgerKit({ now: 10 * HOUR });
    const plan = kit.plan(["2/1s", "2/1s parts 10", "10/s burst 2"]);
    expect(kit.pass(plan, 2)).toBeDefined();
    const before = kit.ledger.now();
    kit.clock.stepBack("9h");
    expect(kit.ledger.now()).toBe(before);
    expect(kit.pass(plan)).toBeUndefined();
    kit.block(1_100_000);
    expect(kit.ledger.now()).toBe(before + 1_100_000);
    expect(kit.pass(plan, 2)).toBeDefined();
  });

  test("also when it happens within a turn", () => {
    const kit = new LedgerKit({ now: 10 * HOUR });
    const plan = kit.plan("1/1s");
    const pass = kit.pass(plan, 1, { deferred: true })!;
    kit.block(500_000);
    kit.ledger.now();
    kit.clock.stepBack("1h");
    kit.ledger.now();
    kit.block(300_000);
    expect(kit.ledger.endTurn()).toBe(pass.at + 800_000);
    expect(kit.until(plan)).toBe(pass.at + 1_800_000);
  });
});

describe("the wall clock is set", () => {
  const noon = Date.UTC(2026, 4, 5, 12);
  const limit = quota(2, "day");

  test("back: what was used is not given again, and the border comes in time", () => {
    const kit = new LedgerKit({ wall: noon });
    const plan = kit.plan(limit);
    kit.pass(plan, 2);
    kit.clock.setWall(noon - 5 * 3600e3);
    expect(kit.pass(plan)).toBeUndefined();
    // Seventeen hours are left of that day now.
    expect(kit.until(plan)).toBe(kit.ledger.now() + 17 * HOUR);
  });

  test("back over the border: the later day's use holds for the earlier one", () => {
    const kit = new LedgerKit({ wall: noon });
    const plan = kit.plan(limit);
    kit.pass(plan, 2);
    kit.clock.setWall(noon - 86_400e3);
    expect(kit.pass(plan)).toBeUndefined();
    expect(kit.until(plan)).toBeLessThanOrEqual(kit.ledger.now() + 36 * HOUR);
  });

  test("years back: it does not stall for years", () => {
    const kit = new LedgerKit({ wall: noon });
    const plan = kit.plan(limit);
    kit.pass(plan, 2);
    kit.clock.setWall(Date.UTC(1970, 0, 1, 12));
    expect(kit.pass(plan)).toBeUndefined();
    expect(kit.until(plan)).toBe(kit.ledger.now() + 12 * HOUR);
    kit.clock.block("12h");
    expect(kit.pass(plan, 2)).toBeDefined();
    expect(kit.pass(plan)).toBeUndefined();
    expect(kit.until(plan)).toBe(kit.ledger.now() + 24 * HOUR);
  });

  test("ahead: a new day, once", () => {
    const kit = new LedgerKit({ wall: noon });
    const plan = kit.plan(limit);
    kit.pass(plan, 2);
    kit.clock.setWall(noon + 86_400e3);
    expect(kit.pass(plan, 2)).toBeDefined();
    expect(kit.pass(plan)).toBeUndefined();
  });

  test("at fractions of a millisecond: instants are whole microseconds, and not before the border", () => {
    for (const now of [1, 333, 999, 123_456_789]) {
      const kit = new LedgerKit({ now, wall: noon + 0.123 });
      const plan = kit.plan(quota(1, "1s"));
      const first = kit.pass(plan)!;
      const second = kit.pass(plan, 1, { maxWait: HOUR })!;
      expect(Number.isInteger(second.at)).toBe(true);
      const wall = kit.clock.wall() + (second.at - first.at) / 1e3;
      expect(Math.floor(wall) % 1e3).toBe(0);
      expect(wall - Math.floor(wall)).toBeLessThan(0.0025);
      expect(wall % 1e3).toBeLessThan(1);
    }
  });
});

test("a clock that rounds down: callers ran up to a microsecond after the turn's end", () => {
  const kit = new LedgerKit();
  const rounded = new LedgerKit({ clock: { ...kit.clock, exact: false } });
  const plan = rounded.plan("1/1s");
  const pass = rounded.pass(plan, 1, { deferred: true })!;
  expect(rounded.ledger.endTurn()).toBe(pass.at + 1);
  expect(rounded.until(plan)).toBe(pass.at + 1_000_001);
});
