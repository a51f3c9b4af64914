// One step, broken into or ended at each of its atomic operations in turn: whatever others do there,
// no promise is broken, no block gets two owners, and everybody goes on.
import { expect, test } from "vitest";
import { type Pass, planBreach } from "../../../test/limits/ledger-kit.ts";
import { census } from "../../../test/shared-memory/census.ts";
import {
  Death,
  interposed,
  memoryOf,
  type Thread,
  threadOver,
} from "../../../test/shared-memory/threads-of-one.ts";
import { concurrency } from "../../limits/concurrency/builder.ts";
import { paceOf } from "../../limits/pace/builder.ts";
import { compile, type LimitsInput } from "../../limits/plan.ts";
import { quota } from "../../limits/quota/builder.ts";
import { window } from "../../limits/window/window.ts";
import { manualClock } from "../../testing/manual-clock.ts";

const LIMITS: Readonly<Record<string, LimitsInput>> = {
  window: window(3, 10),
  "three rates": [window(2, 4), window(5, 20), window(9, 50)],
  pace: paceOf(500, 1e6, { burst: 2 }),
  parts: window(6, 10, { parts: 3 }),
  mixed: { a: window(3, 10), b: paceOf(400, 1e6, { burst: 3 }), c: quota(9, 40) },
  "a window for all": { a: window(2, 10), b: window(3, 12, { per: "limiter" }) },
  "a pace for all": { a: concurrency(9, { lease: 8 }), b: paceOf(300, 1e6, { per: "limiter" }) },
};

interface Scene {
  readonly limits: LimitsInput;
  /** How many asks there were before. */
  readonly warm: number;
  /** At the n-th operation something happens: the asker dies, or another asks so often. */
  readonly n: number;
  readonly dies: boolean;
  readonly lot: number;
  /** The other forgets the key first. */
  readonly forgets: boolean;
}

/** Plays a scene and judges it. False when the step has fewer operations. */
function play({ limits, warm, n, dies, lot, forgets }: Scene): boolean {
  const clock = manualClock({ now: 1_000_000, wall: Date.UTC(2026, 0, 1) });
  const memory = memoryOf(131_072);
  const threads = [threadOver(memory, clock), threadOver(memory, clock)] as const;
  const [one, two] = threads;
  const now = Math.round(clock.wall() * 1e3);
  const plan = compile(limits, 0, { now, wall: now });
  let passes: Pass[] = [];
  const ask = ({ ledger }: Thread): void => {
    const costs = plan.rules.map(() => 1);
    const question = { key: "k", plan, costs: [costs], maxWait: 0, since: undefined };
    const { admitted, instants, tickets } = ledger.reserve({ ...question, deferred: false });
    if (admitted === 0) return;
    const pass = { key: "k", plan, costs, at: instants[0]!, ticket: tickets[0]!, deferred: false };
    passes.push({ ...pass, actual: costs, settled: false });
  };
  const asks = (times: number, by: (i: number) => Thread): void => {
    for (let i = 0; i < times; i++) {
      clock.block(1);
      ask(by(i));
    }
  };
  asks(warm, (i) => threads[i % 2]!);
  clock.block(5);
  let count = 0;
  let reached = false;
  let inside = false;
  interposed(
    () => {
      if (inside || count++ !== n) return;
      reached = true;
      if (dies) throw new Death();
      inside = true;
      // Long enough for a ring to go round, and for blocks to come back from elsewhere.
      if (forgets) {
        clock.block(500);
        two.ledger.amend([{ kind: "reset", key: "k" }]);
        passes = [];
      }
      asks(lot, () => two);
      inside = false;
    },
    () => {
      try {
        ask(one);
      } catch (error) {
        if (!(error instanceof Death)) throw error;
      }
    },
  );
  const left = dies ? [two, threadOver(memory, clock)] : threads;
  asks(60, (i) => left[i % 2]!);
  const slots = (pass: Pass): Pass => ({ ...pass, until: pass.at });
  expect(planBreach(plan, passes.map(slots), 0)).toBeUndefined();
  const tickets = passes.map(({ ticket }) => ticket);
  expect(new Set(tickets).size).toBe(tickets.length);
  expect(census(memory, left).twice).toEqual([]);
  expect(passes.length).toBeGreaterThan(8);
  return reached;
}

const cases = Object.keys(LIMITS).flatMap((name) => [
  { name, how: "another does a lot", dies: false, forgets: false },
  { name, how: "another forgets the key", dies: false, forgets: true },
  { name, how: "it dies", dies: true, forgets: false },
]);

test.each(cases)("$name: at each operation of a step $how", ({ name, dies, forgets }) => {
  // A key that is new, a ring with room, a full log of entries, and a ring that has gone round.
  for (const warm of [0, 3, 33, 40]) {
    // After some, what a late entry would overwrite is among the newest in a ring of six.
    for (const lot of warm === 40 && !dies && !forgets ? [60, 63, 67, 70, 74] : [60]) {
      let n = 0;
      while (play({ limits: LIMITS[name]!, warm, n, dies, lot, forgets })) n++;
      expect(n).toBeGreaterThan(1);
    }
  }
});
