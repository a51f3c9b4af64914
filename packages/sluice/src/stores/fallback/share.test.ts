// What one process of n holds: every count an n-th, and at least 1.
import { describe, expect, test } from "vitest";
import { compile, type LimitsInput } from "../../limits/plan.ts";
import { shareOf, withoutLimits } from "./share.ts";

const inForce = { since: 7, sinceWall: 8 };
const since = { now: 0, wall: 0 };

function parts(limits: LimitsInput, of: number): unknown[] {
  return shareOf(compile(limits, 0, since), of, inForce).rules.map(({ limit }) => limit);
}

describe("a share", () => {
  test("of windows, several rates in one ring too", () => {
    expect(parts(["10/1s", "99/1m"], 4)).toEqual([
      expect.objectContaining({
        rates: [
          { count: 2, span: 1e6 },
          { count: 24, span: 60e6 },
        ],
        most: 24,
        widest: 60e6,
      }),
    ]);
    expect(parts("3/1s", 10)).toEqual([expect.objectContaining({ most: 1 })]);
  });

  test("of windows in parts, quotas and slots, which need no lease", () => {
    expect(parts("1000/1m parts 6", 3)).toEqual([expect.objectContaining({ count: 333 })]);
    expect(parts("10/day", 3)).toEqual([expect.objectContaining({ kind: "quota", count: 3 })]);
    const slots = { kind: "concurrency", slots: 9, cooldown: 0, lease: 30e6 } as const;
    const terms = { per: "key", defaultCost: 1 } as const;
    expect(parts({ running: { ...slots, ...terms } }, 4)).toEqual([
      { ...slots, ...terms, slots: 2, lease: 0 },
    ]);
  });

  test("of a pace: its interval is n times as long, and its burst an n-th", () => {
    expect(parts("5/1s burst 10", 4)).toEqual([
      expect.objectContaining({ micros: 800_000, units: 1, burst: 2 }),
    ]);
    expect(parts("5/1s burst 1", 2.5)).toEqual([
      expect.objectContaining({ micros: 500_000, units: 1, burst: 1 }),
    ]);
  });

  test("keeps what nothing passes, and no limit else when everything is allowed", () => {
    const plan = compile({ a: "1/1s", b: "blocked", c: "1/1s burst 2" }, 0, since);
    const free = withoutLimits(plan, inForce);
    expect(free.rules.map(({ kind, limit, grows }) => [kind, limit.kind, grows])).toEqual([
      ["unlimited", "unlimited", false],
      ["blocked", "blocked", false],
      ["unlimited", "unlimited", false],
    ]);
    expect(free).toMatchObject(inForce);
  });
});
