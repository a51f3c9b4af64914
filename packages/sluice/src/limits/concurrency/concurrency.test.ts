// Slots, in numbers.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GrowingState } from "../../../test/limits/growing-state.ts";
import { momentAt, steps } from "../../../test/limits/history.ts";
import { slots } from "../../../test/limits/limit-arbitraries.ts";
import { earliestOf } from "../algorithm.ts";
import { grownSize } from "../growth.ts";
import { held, NEVER } from "../limit.ts";
import { concurrency } from "./builder.ts";
import { renew, SLOTS_HEADER } from "./concurrency.ts";

const START = 2 ** 50;
const MS = 1_000;
const at = (ms: number) => momentAt(START + ms * MS, 0);

function take(state: GrowingState, cost: number, ticket: number, ms = 0): void {
  expect(state.earliest(cost, at(ms))).toBe(START + ms * MS);
  state.commit(cost, START + ms * MS, at(ms), ticket);
}

function release(state: GrowingState, cost: number, ticket: number, ms: number): void {
  state.refund(cost, cost, START, at(ms), ticket);
}

describe.each([
  ["without a cooldown", concurrency(3)],
  ["with one of no length", concurrency(3, { cooldown: 0, lease: 0 })],
])("%s", (_name, limit) => {
  test("never more than there are slots, and a released one is free at once", () => {
    const state = new GrowingState(limit);
    take(state, 2, 1);
    take(state, 1, 2);
    expect(state.earliest(1, at(5))).toBe(held(START + 5 * MS));
    release(state, 2, 1, 5);
    expect([1, 2, 3, 4].map((cost) => state.earliest(cost, at(5)))).toEqual([
      START + 5 * MS,
      START + 5 * MS,
      held(START + 5 * MS),
      NEVER,
    ]);
    release(state, 1, 2, 6);
    take(state, 3, 3, 6);
  });

  test("a second release does nothing, nor does one of a stranger", () => {
    const state = new GrowingState(limit);
    take(state, 3, 1);
    release(state, 3, 99, 1);
    expect(state.used(at(1))).toBe(3);
    release(state, 3, 1, 1);
    take(state, 2, 2, 1);
    release(state, 3, 1, 2);
    expect(state.used(at(2))).toBe(2);
  });
});

describe("with a cooldown", () => {
  const limit = concurrency(3, { cooldown: "10ms" });

  test("a slot comes back that long after its release", () => {
    const state = new GrowingState(limit);
    for (const ticket of [1, 2, 3]) take(state, 1, ticket);
    release(state, 1, 2, 4);
    release(state, 1, 1, 7);
    expect([1, 2, 3].map((cost) => state.earliest(cost, at(7)))).toEqual([
      START + 14 * MS,
      START + 17 * MS,
      held(START + 17 * MS),
    ]);
    expect(state.earliest(1, momentAt(START + 14 * MS - 1, 0))).toBe(START + 14 * MS);
    take(state, 1, 4, 14);
    expect(state.earliest(1, at(14))).toBe(START + 17 * MS);
    expect(state.idleFrom(at(14))).toBe(Number.POSITIVE_INFINITY);
    release(state, 1, 3, 15);
    release(state, 1, 4, 16);
    expect(state.idleFrom(at(16))).toBe(START + 26 * MS);
  });

  test("some of several are given back first, the rest later", () => {
    const state = new GrowingState(limit);
    take(state, 3, 1);
    state.refund(2, 3, START, at(1), 1);
    expect(state.used(at(11))).toBe(1);
    expect(state.earliest(2, at(1))).toBe(START + 11 * MS);
    expect(state.earliest(3, at(1))).toBe(held(START + 11 * MS));
    release(state, 1, 1, 2);
    expect(state.earliest(3, at(2))).toBe(START + 12 * MS);
  });
});

describe("with a lease", () => {
  const limit = concurrency(2, { cooldown: "10ms", lease: "50ms" });

  test("the slot of one that died comes back after lease and cooldown", () => {
    const state = new GrowingState(limit);
    take(state, 2, 1);
    expect(state.earliest(1, at(59))).not.toBe(START + 59 * MS);
    take(state, 2, 2, 60);
    expect(state.idleFrom(at(60))).toBe(START + 120 * MS);
  });

  test("a lease that was renewed ends later", () => {
    const state = new GrowingState(limit);
    take(state, 2, 1);
    const { cells, base } = state.place;
    expect(renew(cells, base, 1, START + 90 * MS)).toBe(true);
    expect(renew(cells, base, 7, START + 90 * MS)).toBe(false);
    expect(state.earliest(1, at(99))).not.toBe(START + 99 * MS);
    expect(state.earliest(2, at(100))).toBe(START + 100 * MS);
  });

  test("who lost its slots to another can neither release nor renew theirs", () => {
    const state = new GrowingState(limit);
    take(state, 2, 1);
    take(state, 2, 2, 60);
    release(state, 2, 1, 61);
    const { cells, base } = state.place;
    expect(renew(cells, base, 1, START + 1e9)).toBe(false);
    expect(state.used(at(61))).toBe(2);
    expect(state.idleFrom(at(61))).toBe(START + 120 * MS);
  });

  test("lost slots that cool down are counted among those that do", () => {
    const state = new GrowingState(limit);
    take(state, 1, 1);
    take(state, 1, 2, 51);
    release(state, 1, 2, 51);
    expect(state.earliest(1, at(52))).toBe(START + 60 * MS);
    expect(state.earliest(2, at(52))).toBe(START + 61 * MS);
  });
});

test("the state has room for the slots in use, and no more than there are", () => {
  const limit = concurrency(100, { cooldown: "1ms" });
  const state = new GrowingState(limit);
  const sizes: number[] = [];
  for (let ticket = 1; ticket <= 100; ticket++) {
    take(state, 1, ticket);
    const size = (grownSize(limit, state.place) - SLOTS_HEADER) / 2;
    if (sizes.at(-1) !== size) sizes.push(size);
  }
  expect(sizes).toEqual([1, 2, 4, 8, 16, 32, 64, 100]);
  expect(state.earliest(1, at(0))).toBe(held(START));
  for (let ticket = 1; ticket <= 100; ticket++) release(state, 1, ticket, 1);
  take(state, 100, 101, 2);
});

describe("when too many are held", () => {
  /** The answer from what precedes the slots alone: none of them is looked at. */
  function unseen(state: GrowingState, cost: number, ms: number): number {
    const { cells, base } = state.place;
    const header = cells.slice(base, base + SLOTS_HEADER);
    return earliestOf(state.limit, header, 0, cost, at(ms));
  }

  test("a refusal does not look at the slots, however many there are", () => {
    const state = new GrowingState(concurrency(1000, { cooldown: "10ms" }));
    for (let ticket = 1; ticket <= 1000; ticket++) take(state, 1, ticket);
    expect(unseen(state, 1, 3)).toBe(held(START + 3 * MS));
    release(state, 1, 500, 4);
    expect(unseen(state, 2, 4)).toBe(held(START + 14 * MS));
    expect(unseen(state, 2, 15)).toBe(held(START + 15 * MS));
    expect(state.earliest(1, at(4))).toBe(START + 14 * MS);
  });

  test("nor does it with leases, until the first has ended", () => {
    const state = new GrowingState(concurrency(3, { lease: "50ms" }));
    for (const ticket of [1, 2, 3]) take(state, 1, ticket, 10 * ticket);
    expect(unseen(state, 1, 59)).toBe(held(START + 59 * MS));
    expect(state.earliest(1, at(60))).toBe(START + 60 * MS);
    take(state, 1, 4, 60);
    expect(unseen(state, 1, 69)).toBe(held(START + 69 * MS));
    take(state, 1, 5, 71);
    take(state, 1, 6, 81);
    expect(unseen(state, 1, 100)).toBe(held(START + 100 * MS));
    expect(state.earliest(1, at(110))).toBe(START + 110 * MS);
  });

  test("nor after the state was moved, saved, or given another limit", () => {
    const state = new GrowingState(concurrency(4, { cooldown: "10ms", lease: "50ms" }));
    take(state, 3, 1);
    take(state, 1, 2);
    release(state, 1, 2, 5);
    expect(unseen(state, 3, 7)).toBe(held(START + 15 * MS));
    const fewer = state.migrate(concurrency(2), at(7));
    expect(unseen(fewer, 1, 7)).toBe(held(START + 15 * MS));
    expect(fewer.earliest(1, at(60))).toBe(START + 60 * MS);
    const loaded = GrowingState.load(state.limit, state.save(at(7)), 100 * MS);
    take(loaded, 4, 3, 117);
    expect(unseen(loaded, 1, 117)).toBe(held(START + 117 * MS));
    // Those that were held are taken to have ended at the save, and cool down.
    const cooling = GrowingState.load(state.limit, state.save(at(7)), 100 * MS);
    take(cooling, 1, 3, 115);
    expect(cooling.earliest(4, at(115))).toBe(held(START + 117 * MS));
  });
});

test("as a list of slots would have it, whatever happens", () => {
  fc.assert(
    fc.property(slots, slots, steps, (limit, next, asked) => {
      let state = new GrowingState(limit);
      // When each slot is free again, and until when it is held; by ticket.
      let taken: { ticket: number; end: number; free: number }[] = [];
      let now = START;
      asked.forEach(({ cost, choice, fraction }, ticket) => {
        now += Math.floor(fraction * 40);
        const moment = momentAt(now, 0);
        const present = state.limit as typeof limit;
        const first = taken.find(({ end }) => end > now);
        if (choice > 9 && first) {
          taken.forEach((slot) => {
            if (slot.ticket !== first.ticket || slot.end <= now) return;
            Object.assign(slot, { end: now, free: now + present.cooldown });
          });
          state.refund(9, 9, 0, moment, first.ticket);
        } else if (choice > 8 && first && first.end !== Number.POSITIVE_INFINITY) {
          const end = now + present.lease;
          for (const slot of taken) {
            const held = slot.ticket === first.ticket && slot.end > now;
            if (held) Object.assign(slot, { end, free: end + present.cooldown });
          }
          renew(state.place.cells, state.place.base, first.ticket, end);
        } else if (choice === 8) {
          state = state.migrate({ ...next, lease: limit.lease, cooldown: limit.cooldown }, moment);
        }
        taken = taken.filter(({ free }) => free > now);
        const asking = 1 + (cost % (state.limit as typeof limit).slots);
        const missing = asking - ((state.limit as typeof limit).slots - taken.length);
        const cooling = taken.filter(({ end }) => end <= now).map(({ free }) => free);
        cooling.sort((a, b) => a - b);
        const last = cooling.at(-1) ?? now;
        const expected = missing > cooling.length ? held(last) : (cooling[missing - 1] ?? now);
        expect(state.earliest(asking, moment)).toBe(missing <= 0 ? now : expected);
        if (missing > 0) return;
        state.commit(asking, now, moment, ticket + 1);
        const end = limit.lease === 0 ? Number.POSITIVE_INFINITY : now + limit.lease;
        const slot = { ticket: ticket + 1, end, free: end + limit.cooldown };
        for (let i = 0; i < asking; i++) taken.push({ ...slot });
      });
    }),
    { numRuns: 600 },
  );
});
