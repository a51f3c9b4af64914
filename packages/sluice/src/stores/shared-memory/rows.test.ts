// Rows that are used again for other keys, and keys that limits of the whole limiter begin to govern.
import { expect, test } from "vitest";
import { type Pass, planBreach } from "../../../test/limits/ledger-kit.ts";
import { census } from "../../../test/shared-memory/census.ts";
import {
  interposed,
  memoryOf,
  type Thread,
  threadOver,
} from "../../../test/shared-memory/threads-of-one.ts";
import { compile, type LimitsInput, type Plan } from "../../limits/plan.ts";
import { window } from "../../limits/window/window.ts";
import { manualClock } from "../../testing/manual-clock.ts";
import { regionsOf } from "./layout.ts";
import { indexOf } from "./pair.ts";
import { askFor } from "../store.ts";

function setting(): {
  clock: ReturnType<typeof manualClock>;
  threads: [Thread, Thread];
  memory: ReturnType<typeof memoryOf>;
} {
  const clock = manualClock({ now: 1_000_000, wall: Date.UTC(2026, 0, 1) });
  const memory = memoryOf(131_072);
  return { clock, memory, threads: [threadOver(memory, clock), threadOver(memory, clock)] };
}

function planOf(limits: LimitsInput): Plan {
  return compile(limits, 0, { now: 0, wall: 0 });
}

function take({ ledger }: Thread, plan: Plan, key: string): Pass | undefined {
  const costs = plan.rules.map(() => 1);
  const ask = askFor(key, plan, [costs]);
  const { admitted, instants, tickets } = ledger.reserve(ask);
  if (admitted === 0) return undefined;
  const pass = { key, plan, costs, at: instants[0]!, ticket: tickets[0]!, deferred: false };
  return { ...pass, actual: costs, settled: false };
}

test("who remembers where a key was does not take another's row for it", () => {
  const { threads, memory } = setting();
  const [one, two] = threads;
  const plan = planOf(window(2, "1h"));
  expect(take(one, plan, "old")).toBeDefined();
  two.ledger.amend([{ kind: "reset", key: "old" }]);
  expect(take(two, plan, "new")).toBeDefined();
  // "old" is a new key again, and takes nothing from "new".
  expect(take(one, plan, "old")).toBeDefined();
  expect(take(one, plan, "old")).toBeDefined();
  expect(take(one, plan, "old")).toBeUndefined();
  expect(take(two, plan, "new")).toBeDefined();
  expect(take(two, plan, "new")).toBeUndefined();
  expect(one.ledger.keys().toSorted()).toEqual(["new", "old"]);
  expect(census(memory, threads).twice).toEqual([]);
});

test("limits of a key alone and with all keys' meet at any operation of a step", () => {
  const each = { each: window(3, 10) };
  const alone = planOf(each);
  const together = planOf({ ...each, all: window(50, 10, { per: "limiter" }) });
  let reached = true;
  for (let n = 0; reached; n++) {
    const { clock, memory, threads } = setting();
    const [one, two] = threads;
    const passes: Pass[] = [];
    const note = (pass: Pass | undefined): void => {
      if (pass) passes.push({ ...pass, plan: alone, costs: [1], actual: [1] });
    };
    note(take(two, alone, "k"));
    let count = 0;
    let inside = false;
    reached = false;
    interposed(
      () => {
        if (inside || count++ !== n) return;
        reached = inside = true;
        note(take(two, alone, "k"));
        note(take(two, alone, "k"));
        inside = false;
      },
      () => note(take(one, together, "k")),
    );
    for (let i = 0; i < 30; i++) {
      clock.block(1);
      note(take(threads[i % 2]!, i % 3 === 0 ? together : alone, "k"));
    }
    expect(planBreach(alone, passes, 0)).toBeUndefined();
    expect(census(memory, threads).twice).toEqual([]);
    if (!reached) expect(n).toBeGreaterThan(20);
  }
});

/** How many keys have a row. */
function keysKept({ words }: ReturnType<typeof memoryOf>): number {
  const { rows, rowCount } = regionsOf(words.length);
  let kept = 0;
  for (let row = 2; row < rowCount; row++) if (indexOf(words[rows + 2 * row]!) !== 0) kept++;
  return kept;
}

test("keys that are as good as new stay for a second, and are forgotten then as others are added", () => {
  const { clock, memory, threads } = setting();
  const plan = planOf("1000/s burst 1");
  const add = (from: number, to: number): void => {
    for (let i = from; i < to; i++) {
      clock.block(5);
      expect(take(threads[0], plan, `key ${i}`)).toBeDefined();
    }
  };
  add(0, 50);
  expect(keysKept(memory)).toBe(50);
  clock.block("2s");
  add(50, 150);
  expect(keysKept(memory)).toBe(100);
});
