// Light records: when they are made, what a base keeps, and that nothing else tells them from full ones.
import fc from "fast-check";
import { expect, test } from "vitest";
import { census } from "../../../test/shared-memory/census.ts";
import {
  interposed,
  memoryOf,
  type Thread,
  threadOver,
} from "../../../test/shared-memory/threads-of-one.ts";
import { commitTo, earliestOf, type Place } from "../../limits/algorithm.ts";
import { moveTo, roomFor, sizeOf } from "../../limits/growth.ts";
import { paceOf } from "../../limits/pace/builder.ts";
import { compile, type LimitsInput, type Plan } from "../../limits/plan.ts";
import { window } from "../../limits/window/window.ts";
import { type ManualClock, manualClock } from "../../testing/manual-clock.ts";
import type { Answer } from "../store.ts";
import { LIGHT } from "./blocks.ts";
import { type Memory, regionsOf, UNIT } from "./layout.ts";
import { indexOf } from "./pair.ts";

const LIMITS = {
  window: window(3, 10),
  "three rates": [window(2, 4), window(5, 20), window(9, 50)],
  pace: paceOf(500, 1e6, { burst: 3 }),
} as const;
const names = Object.keys(LIMITS) as (keyof typeof LIMITS)[];

interface Setting {
  readonly clock: ManualClock;
  readonly memory: Memory;
  readonly threads: readonly [Thread, Thread];
}

function setting(): Setting {
  const clock = manualClock({ now: 1_000_000, wall: Date.UTC(2026, 0, 1) });
  const memory = memoryOf(131_072);
  return { clock, memory, threads: [threadOver(memory, clock), threadOver(memory, clock)] };
}

function planOf(limits: LimitsInput): Plan {
  return compile(limits, 0, { now: 0, wall: 0 });
}

function ask({ ledger }: Thread, plan: Plan, units = 1, maxWait = 0): Answer {
  const costs = [plan.rules.map(() => units)];
  const question = { key: "k", plan, costs, maxWait, since: undefined, deferred: false };
  const answer = ledger.reserve(question);
  return { ...answer, instants: [...answer.instants], tickets: [...answer.tickets] };
}

/** Whether the record of the only key is a light one. */
function isLight(memory: Memory): boolean {
  const block = indexOf(memory.words[regionsOf(memory.words.length).rows + 2 * 2]!);
  expect(block).toBeGreaterThan(0);
  return memory.halves[block * UNIT * 2] === LIGHT;
}

test.each(names)("%s: what one pace or window admits is noted lightly", (name) => {
  const { clock, memory, threads } = setting();
  const plan = planOf(LIMITS[name] as LimitsInput);
  ask(threads[0], plan);
  for (let i = 0; i < 40; i++) {
    clock.block(10);
    expect(ask(threads[i % 2]!, plan).admitted).toBe(1);
  }
  expect(isLight(memory)).toBe(true);
  expect(census(memory, threads).twice).toEqual([]);
});

test("several limits on a key take full records", () => {
  const { clock, memory, threads } = setting();
  const plan = planOf({ a: LIMITS.window, b: LIMITS.pace });
  for (let i = 0; i < 10; i++) {
    clock.block(10);
    ask(threads[i % 2]!, plan);
  }
  expect(isLight(memory)).toBe(false);
});

test.each(names)("%s: a gate takes a full record, and light ones go on from it", (name) => {
  const { clock, memory, threads } = setting();
  const [one, two] = threads;
  const plan = planOf(LIMITS[name] as LimitsInput);
  for (let i = 0; i < 3; i++) {
    ask(one, plan);
    clock.block(10);
  }
  const until = two.ledger.now() + 5_000;
  two.ledger.amend([{ kind: "gate", key: "k", plan, until }]);
  expect(isLight(memory)).toBe(false);
  expect(ask(one, plan)).toMatchObject({ admitted: 0, until, rule: -1 });
  clock.block(5);
  expect(ask(one, plan).admitted).toBe(1);
  expect(isLight(memory)).toBe(true);
  two.ledger.amend([{ kind: "gate", key: undefined, plan, until: until + 5_000 }]);
  expect(ask(one, plan)).toMatchObject({ admitted: 0, until: until + 5_000, rule: -1 });
});

test.each(names)("%s: a key counts until what was noted lightly is idle", (name) => {
  const { clock, memory, threads } = setting();
  const [one, two] = threads;
  const plan = planOf(LIMITS[name] as LimitsInput);
  ask(one, plan);
  clock.block("1h");
  ask(one, plan);
  expect(isLight(memory)).toBe(true);
  expect(one.ledger.keys()).toEqual(["k"]);
  expect(two.ledger.keys()).toEqual(["k"]);
  clock.block("1h");
  expect(one.ledger.keys()).toEqual([]);
  expect(two.ledger.keys()).toEqual([]);
  two.ledger.amend([{ kind: "reset", key: "k" }]);
  expect(census(memory, threads).twice).toEqual([]);
});

test.each(names)("%s: refused in a light record, nothing is written", (name) => {
  const { memory, threads } = setting();
  const plan = planOf(LIMITS[name] as LimitsInput);
  for (let i = 0; i < 20; i++) ask(threads[0], plan);
  const bytes = Buffer.from(memory.words.buffer);
  const before = Buffer.from(bytes);
  expect(ask(threads[0], plan).admitted).toBe(0);
  expect(ask(threads[1], plan).admitted).toBe(0);
  expect(bytes.equals(before)).toBe(true);
});

/** Law 8: replayed in the order of their tickets, at their own `now`. */
function replay(plan: Plan, answers: readonly { answer: Answer; units: number }[]): void {
  const { limit } = plan.rules[0]!;
  let place: Place = { cells: new Float64Array(sizeOf(limit)), base: 0 };
  for (const { answer, units } of answers) {
    const { now, instants, tickets } = answer;
    const moment = { now, wall: now, since: now };
    const { cells } = place;
    expect(earliestOf(limit, cells, 0, units, moment)).toBe(instants[0]);
    const size = roomFor(limit, cells, 0, units, now);
    if (size > cells.length) {
      place = { cells: new Float64Array(size), base: 0 };
      moveTo(limit, cells, 0, place.cells, 0, size);
    }
    commitTo(limit, place.cells, 0, units, instants[0]!, moment, tickets[0]!);
  }
}

const steps = fc.array(
  fc.record({
    by: fc.nat(1),
    ms: fc.nat(6),
    units: fc.integer({ min: 1, max: 2 }),
    ahead: fc.constantFrom(0, 0, 0, 8_000),
    /** At which atomic operation the other thread asks, too, and how often. */
    at: fc.nat(40),
    others: fc.nat(3),
  }),
  { minLength: 10, maxLength: 40 },
);

test.each(names)("%s: the answers of threads that meet, replayed, are the same", (name) => {
  const plan = planOf(LIMITS[name] as LimitsInput);
  let met = 0;
  fc.assert(
    fc.property(steps, (trace) => {
      const { clock, memory, threads } = setting();
      const given: { answer: Answer; units: number }[] = [];
      const note = (answer: Answer, units: number): void => {
        if (answer.admitted === 1) given.push({ answer, units });
      };
      for (const { by, ms, units, ahead, at, others } of trace) {
        clock.block(ms);
        let count = 0;
        let inside = false;
        interposed(
          () => {
            if (inside || count++ !== at) return;
            inside = true;
            met += others;
            for (let i = 0; i < others; i++) note(ask(threads[1 - by]!, plan, 1), 1);
            inside = false;
          },
          () => note(ask(threads[by]!, plan, units, ahead), units),
        );
      }
      given.sort((a, b) => a.answer.tickets[0]! - b.answer.tickets[0]!);
      replay(plan, given);
      expect(census(memory, threads).twice).toEqual([]);
    }),
    { numRuns: 150 },
  );
  expect(met).toBeGreaterThan(1_000);
});
