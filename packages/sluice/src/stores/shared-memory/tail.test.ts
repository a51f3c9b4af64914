// Logs: which rows have one, what is entered, and that nothing else tells entries from records.
import fc from "fast-check";
import { expect, test } from "vitest";
import { census } from "../../../test/shared-memory/census.ts";
import { type Given, replay } from "../../../test/shared-memory/replay.ts";
import {
  interposed,
  memoryOf,
  type Thread,
  threadOver,
} from "../../../test/shared-memory/threads-of-one.ts";
import { paceOf } from "../../limits/pace/builder.ts";
import { compile, type LimitsInput, type Plan } from "../../limits/plan.ts";
import { window } from "../../limits/window/window.ts";
import { type ManualClock, manualClock } from "../../testing/manual-clock.ts";
import { askFor, type Answer } from "../store.ts";
import { type Memory, regionsOf, UNIT } from "./layout.ts";
import { indexOf } from "./pair.ts";
import { TAIL } from "./record.ts";

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

function now(clock: ManualClock): number {
  return Math.round(clock.wall() * 1e3);
}

function planOf(limits: LimitsInput): Plan {
  return compile(limits, 0, { now: 0, wall: 0 });
}

function ask({ ledger }: Thread, plan: Plan, units = 1, maxWait = 0): Answer {
  const costs = [plan.rules.map(() => units)];
  const question = askFor("k", plan, costs, maxWait);
  const answer = ledger.reserve(question);
  return { ...answer, instants: [...answer.instants], tickets: [...answer.tickets] };
}

/** The same by the shorter way, for who asks now. */
function attempt({ ledger }: Thread, plan: Plan, units: number): Answer {
  const { now, ticket, until, rule } = ledger.attempt("k", plan, [units]);
  const admitted = ticket > 0 ? 1 : 0;
  return { now, admitted, instants: [now], tickets: [ticket], until, ownUntil: until, rule };
}

/** How many entries the tail of the only key has; `undefined` without a tail. */
function logged({ words, halves, numbers }: Memory): number | undefined {
  const record = indexOf(words[regionsOf(words.length).rows + 2 * 2]!);
  expect(record).toBeGreaterThan(0);
  const tail = numbers[record * UNIT + 1 + TAIL]!;
  if (tail === 0) return undefined;
  const costs = Array.from({ length: 31 }, (_, i) => halves[2 * (tail * UNIT + 1 + i)]! & 0xfff);
  return costs.filter((cost) => cost > 0 && cost < 0xfff).length;
}

test.each(names)("%s: what one pace or window admits is entered in a tail", (name) => {
  const { clock, memory, threads } = setting();
  const plan = planOf(LIMITS[name] as LimitsInput);
  ask(threads[0], plan);
  const seen: (number | undefined)[] = [];
  for (let i = 0; i < 40; i++) {
    clock.block(10);
    expect(ask(threads[i % 2]!, plan)).toMatchObject({ admitted: 1, instants: [now(clock)] });
    seen.push(logged(memory));
  }
  // A ring has six slots at first, and a tail's life enters each of them once.
  const most = Math.max(...seen.map((count) => count ?? 0));
  expect(most).toBe(name === "pace" ? 31 : name === "window" ? 5 : 4);
  expect(census(memory, threads).twice).toEqual([]);
});

test("several limits on a key have no tail", () => {
  const { clock, memory, threads } = setting();
  const plan = planOf({ a: LIMITS.window, b: LIMITS.pace });
  for (let i = 0; i < 10; i++) {
    clock.block(10);
    ask(threads[i % 2]!, plan);
  }
  expect(logged(memory)).toBeUndefined();
});

test("a key that is asked for now and then has no tail", () => {
  const { clock, memory, threads } = setting();
  const plan = planOf(LIMITS.pace);
  for (let i = 0; i < 10; i++) {
    clock.block("1s");
    ask(threads[i % 2]!, plan);
    expect(logged(memory)).toBeUndefined();
  }
});

test.each(names)("%s: a gate ends a tail, and its record begins another", (name) => {
  const { clock, memory, threads } = setting();
  const [one, two] = threads;
  const plan = planOf(LIMITS[name] as LimitsInput);
  for (let i = 0; i < 3; i++) {
    ask(one, plan);
    clock.block(10);
  }
  expect(logged(memory)).toBe(1);
  const until = two.ledger.now() + 5_000;
  two.ledger.amend([{ kind: "gate", key: "k", plan, until }]);
  expect(logged(memory)).toBe(0);
  expect(ask(one, plan)).toMatchObject({ admitted: 0, until, rule: -1 });
  clock.block(5);
  expect(ask(one, plan).admitted).toBe(1);
  expect(logged(memory)).toBe(1);
  two.ledger.amend([{ kind: "gate", key: undefined, plan, until: until + 5_000 }]);
  expect(ask(one, plan)).toMatchObject({ admitted: 0, until: until + 5_000, rule: -1 });
});

test.each(names)("%s: a key counts until what was entered is idle", (name) => {
  const { clock, memory, threads } = setting();
  const [one, two] = threads;
  const plan = planOf(LIMITS[name] as LimitsInput);
  ask(one, plan);
  clock.block(900);
  ask(one, plan);
  clock.block(900);
  ask(one, plan);
  expect(logged(memory)).toBe(1);
  expect(one.ledger.keys()).toEqual(["k"]);
  expect(two.ledger.keys()).toEqual(["k"]);
  clock.block("1h");
  expect(one.ledger.keys()).toEqual([]);
  expect(two.ledger.keys()).toEqual([]);
  two.ledger.amend([{ kind: "reset", key: "k" }]);
  expect(census(memory, threads).twice).toEqual([]);
});

test.each(names)("%s: refused by a tail, nothing is written", (name) => {
  const { clock, memory, threads } = setting();
  const plan = planOf(LIMITS[name] as LimitsInput);
  for (let i = 0; i < 3; i++) {
    clock.block(100);
    ask(threads[0], plan);
  }
  while (ask(threads[0], plan).admitted === 1);
  expect(logged(memory)).toBeGreaterThan(0);
  const bytes = Buffer.from(memory.words.buffer);
  const before = Buffer.from(bytes);
  expect(ask(threads[0], plan).admitted).toBe(0);
  expect(ask(threads[1], plan).admitted).toBe(0);
  expect(bytes.equals(before)).toBe(true);
});

test("one who is stopped before its entry finds the word of a later record, in the same block too", () => {
  const { clock, memory, threads } = setting();
  const [one, two] = threads;
  const plan = planOf(LIMITS.pace);
  ask(one, plan);
  clock.block(10);
  ask(one, plan);
  const record = (): number => indexOf(memory.words[regionsOf(memory.words.length).rows + 4]!);
  const logOf = (): number => memory.numbers[record() * UNIT + 1 + TAIL]!;
  const stoppedAt = logOf();
  const until = two.ledger.now() + 30_000;
  let swaps = 0;
  let inside = false;
  let late: Answer | undefined;
  interposed(
    () => {
      if (inside) return;
      inside = true;
      // Before the only swap of the entry: gates come and go until the block is a tail again.
      if (swaps++ === 0) {
        for (let i = 0; i < 9 || logOf() !== stoppedAt; i++) {
          two.ledger.amend([{ kind: "gate", key: "k", plan, until: until + i }]);
        }
      }
      inside = false;
    },
    () => {
      late = ask(one, plan);
    },
  );
  expect(late).toMatchObject({ admitted: 0, rule: -1 });
  expect(logged(memory)).toBe(0);
});

const steps = fc.array(
  fc.record({
    by: fc.nat(1),
    ms: fc.nat(6),
    units: fc.integer({ min: 1, max: 2 }),
    ahead: fc.constantFrom(0, 0, 0, 8_000),
    /** At which atomic operation the other thread asks, too, and how often. */
    at: fc.nat(15),
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
      const given: Given[] = [];
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
            for (let i = 0; i < others; i++) note(attempt(threads[1 - by]!, plan, 1), 1);
            inside = false;
          },
          () => {
            const thread = threads[by]!;
            const quick = ahead === 0 && ms % 2 === 0;
            note(quick ? attempt(thread, plan, units) : ask(thread, plan, units, ahead), units);
          },
        );
      }
      replay(plan, given);
      expect(census(memory, threads).twice).toEqual([]);
    }),
    { numRuns: 150 },
  );
  expect(met).toBeGreaterThan(1_000);
});
