// What becomes of a state when its limit changes: from then on only the new limit holds, with the old
// admissions counted as far as they are known.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GrowingState } from "../../test/limits/growing-state.ts";
import {
  costOf,
  gapOf,
  momentAt,
  play,
  type Played,
  probes,
  type Step,
  steps,
  walls,
} from "../../test/limits/history.ts";
import {
  exactWindows,
  fixedQuotas,
  joinedWindows,
  LIMITS,
  paces,
  partsWindows,
  slots,
} from "../../test/limits/limit-arbitraries.ts";
import { type Admitted, breach } from "../../test/limits/promise.ts";
import { periodName } from "../../test/limits/period-name.ts";
import { concurrency } from "./concurrency/builder.ts";
import { type AnyLimit, isHeld, NEVER } from "./limit.ts";
import { pace } from "./pace/builder.ts";
import { quota } from "./quota/builder.ts";
import { window } from "./window/window.ts";

/** A store's clock is past its zero when limits change. */
const starts = fc.constantFrom(1, 1_000_000, 2 ** 50);

const windows = fc.oneof(exactWindows, joinedWindows, partsWindows);

/** Goes on under a new limit, and returns what passed since. */
function goOn(
  { state, now }: Played,
  limit: AnyLimit,
  next: readonly Step[],
  wallOffset = 0,
): Admitted[] {
  const moved = state.migrate(limit, momentAt(now, wallOffset));
  const admitted: Admitted[] = [];
  let time = now;
  for (const step of next) {
    time += gapOf(limit, step);
    const cost = costOf(limit, step);
    const at = moved.earliest(cost, momentAt(time, wallOffset));
    if (isHeld(at) || at === NEVER) continue;
    moved.commit(cost, at, momentAt(time, wallOffset), 1000);
    admitted.push({ at, units: cost });
  }
  return admitted;
}

test("windows: old and new admissions together never exceed the new limit", () => {
  fc.assert(
    fc.property(windows, windows, steps, steps, starts, (old, limit, asked, next, start) => {
      const played = play(old, asked, { start, delayed: true });
      const since = goOn(played, limit, next);
      const all = [...played.admitted, ...since];
      const rates = limit.kind === "window" ? limit.rates : [limit];
      for (const { at } of since) {
        for (const { count, span } of rates) {
          // The old limit alone may have let through more: judged are windows with something new.
          const inside = all.filter((each) => each.at > at - span && each.at <= at);
          expect(inside.reduce((sum, { units }) => sum + units, 0)).toBeLessThanOrEqual(count);
        }
      }
    }),
    { numRuns: 1000 },
  );
});

test("parts: what is booked ahead within the present part counts at its instant", () => {
  const [now, later] = [momentAt(1000, 0), 1001];
  const state = new GrowingState(window(9, "0.003ms", { parts: 2 }) as AnyLimit);
  state.commit(1, now.now, now);
  state.commit(1, later, now);
  const moved = state.migrate(window(1, "0.001ms") as AnyLimit, now);
  expect(moved.earliest(1, now)).toBe(later + 1);
});

test("windows: an admission after which a longer window has passed holds nothing up", () => {
  fc.assert(
    fc.property(windows, windows, steps, starts, (old, limit, asked, start) => {
      const { state, admitted, now } = play(old, asked, { start });
      const span = (each: typeof old): number =>
        each.kind === "window" ? each.widest : (each.parts + 2) * each.part;
      const newest = Math.max(now, ...admitted.map(({ at }) => at));
      const time = newest + span(old) + span(limit);
      const moved = state.migrate(limit, momentAt(now, 0));
      const most =
        limit.kind === "window" ? Math.min(...limit.rates.map((r) => r.count)) : limit.count;
      expect(moved.earliest(most, momentAt(time, 0))).toBe(time);
    }),
    { numRuns: 500 },
  );
});

test.each(LIMITS)(
  "%s: an equal limit goes on as if nothing had happened",
  (_name, limits, share) => {
    fc.assert(
      fc.property(limits, steps, probes, starts, walls, (limit, asked, next, start, wall) => {
        const wallOffset = wall * 1e3 - start;
        const { state, now } = play(limit, asked, { start, wallOffset });
        const moved = state.migrate({ ...limit }, momentAt(now, wallOffset));
        let time = now;
        for (const step of next) {
          time += gapOf(limit, step);
          const cost = costOf(limit, step);
          const at = state.earliest(cost, momentAt(time, wallOffset));
          expect(moved.earliest(cost, momentAt(time, wallOffset))).toBe(at);
          if (isHeld(at) || (limit.kind === "concurrency" && at > time)) continue;
          state.commit(cost, at, momentAt(time, wallOffset), 1000);
          moved.commit(cost, at, momentAt(time, wallOffset), 1000);
        }
      }),
      { numRuns: share * 250 },
    );
  },
);

test("pace: the debt stays the same in units, rounded up by a microsecond at the most", () => {
  fc.assert(
    fc.property(paces, paces, steps, starts, (old, limit, asked, start) => {
      const { state, now } = play(old, asked, { start, delayed: true });
      const moment = momentAt(now, 0);
      const { cells, base } = state.place;
      // Owed are (tat - now) * units + rest, of which old.micros are one unit.
      const owed = BigInt(cells[base]! - now) * BigInt(old.units) + BigInt(cells[base + 1]!);
      const moved = state.migrate(limit, moment);
      const there = moved.place;
      const after =
        BigInt(there.cells[there.base]! - now) * BigInt(limit.units) +
        BigInt(there.cells[there.base + 1]!);
      if (owed <= 0n) {
        expect(moved.used(moment)).toBe(0);
        return;
      }
      expect(after * BigInt(old.micros)).toBeGreaterThanOrEqual(owed * BigInt(limit.micros));
      expect((after - BigInt(limit.units)) * BigInt(old.micros)).toBeLessThanOrEqual(
        owed * BigInt(limit.micros),
      );
    }),
    { numRuns: 500 },
  );
});

test("quotas of fixed periods: what the newest period took counts in the new one", () => {
  fc.assert(
    fc.property(
      fixedQuotas,
      fixedQuotas,
      steps,
      steps,
      starts,
      walls,
      (old, limit, asked, next, start, wall) => {
        const wallOffset = wall * 1e3 - start;
        const played = play(old, asked, { start, wallOffset });
        const since = goOn(played, limit, next, wallOffset);
        const newest = played.admitted.at(-1)?.at ?? 0;
        const known = played.admitted.filter(
          ({ at }) => periodName(old, at + wallOffset) === periodName(old, newest + wallOffset),
        );
        for (const { at } of since) {
          const name = periodName(limit, at + wallOffset);
          const inside = [...known, ...since].filter(
            (each) => periodName(limit, each.at + wallOffset) === name,
          );
          const sum = inside.reduce((total, { units }) => total + units, 0);
          expect(sum).toBeLessThanOrEqual(limit.count);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test("slots: what is held stays held, in however many there are now", () => {
  fc.assert(
    fc.property(slots, slots, steps, probes, starts, (old, changed, asked, next, start) => {
      const limit = { ...changed, lease: old.lease };
      const { state, admitted, now } = play(old, asked, { start });
      const moved = state.migrate(limit, momentAt(now, 0));
      const lease = old.lease || Number.POSITIVE_INFINITY;
      const held = admitted.filter(({ at, until }) => until === undefined && now < at + lease);
      const known = held.length;
      let time = now;
      for (const step of next) {
        time += gapOf(limit, step);
        const moment = momentAt(time, 0);
        const room = limit.slots - moved.used(moment);
        for (let cost = 1; cost <= limit.slots; cost++) {
          expect(moved.earliest(cost, moment) === time).toBe(cost <= room);
        }
        const units = costOf(limit, step);
        if (moved.earliest(units, moment) !== time) continue;
        moved.commit(units, time, moment, 1000);
        held.push({ at: time, units });
        // Who was let in before there were so few slots counts, but is no breach.
        const alone = held.slice(known);
        const before = breach(limit, held.slice(0, known));
        const all = before === undefined && old.cooldown >= limit.cooldown;
        expect(breach(limit, all ? held : alone)).toBeUndefined();
      }
    }),
    { numRuns: 600 },
  );
});

test("slots: what is released after a change is free again", () => {
  fc.assert(
    fc.property(slots, slots, steps, starts, (old, limit, asked, start) => {
      const { state, admitted, now } = play(old, asked, { start });
      const moved = state.migrate(limit, momentAt(now, 0));
      admitted.forEach(({ units }, i) => {
        moved.refund(units, units, 0, momentAt(now, 0), i + 1);
      });
      const later = now + old.cooldown + limit.cooldown + old.lease + limit.lease;
      expect(moved.earliest(limit.slots, momentAt(later, 0))).toBe(later);
      expect(moved.used(momentAt(later, 0))).toBe(0);
    }),
    { numRuns: 400 },
  );
});

describe("another kind of limit starts used", () => {
  const limits: AnyLimit[] = [
    window(3, "1s"),
    window(3, "1s", { parts: 4 }) as AnyLimit,
    pace("3/s", { burst: 3 }),
    quota(3, "1s"),
  ];
  const family = ({ kind }: AnyLimit): string => (kind === "parts" ? "window" : kind);
  const pairs = limits
    .flatMap((old) => limits.map((limit) => ({ old, limit })))
    .filter(({ old, limit }) => family(old) !== family(limit));

  test.each(pairs)("$old.kind to $limit.kind", ({ old, limit }) => {
    const moment = momentAt(5_000_000, 0);
    const state = new GrowingState(old);
    state.commit(1, moment.now, moment);
    const moved = state.migrate(limit, moment);
    // Used up at the change: all of it is free one span later, and a pace gives one unit by one.
    expect(moved.earliest(3, moment)).toBe(6_000_000);
    expect(moved.earliest(1, moment)).toBe(limit.kind === "pace" ? 5_333_334 : 6_000_000);
  });

  test("but slots, which nobody holds, are free", () => {
    const moment = momentAt(5_000_000, 0);
    const state = new GrowingState(window(3, "1s"));
    state.commit(3, moment.now, moment);
    expect(state.migrate(concurrency(2), moment).earliest(2, moment)).toBe(moment.now);
  });
});
