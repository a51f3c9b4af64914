// Steps that meet at any atomic operation, and threads that die or are stopped there: no promise is
// broken, no block gets two owners, and nothing is left that would keep others waiting.
import fc from "fast-check";
import { expect, test } from "vitest";
import { planBreach, type Pass } from "../../../test/limits/ledger-kit.ts";
import { census } from "../../../test/shared-memory/census.ts";
import {
  Death,
  interposed,
  memoryOf,
  threadOver,
} from "../../../test/shared-memory/threads-of-one.ts";
import { concurrency } from "../../limits/concurrency/builder.ts";
import { paceOf } from "../../limits/pace/builder.ts";
import { compile, type LimitsInput, type Plan } from "../../limits/plan.ts";
import { quota } from "../../limits/quota/builder.ts";
import { window } from "../../limits/window/window.ts";
import { manualClock } from "../../testing/manual-clock.ts";
import { askFor } from "../store.ts";

const LIMITS: readonly LimitsInput[] = [
  window(3, 10),
  [window(2, 4), window(5, 20)],
  paceOf(500, 1e6, { burst: 2 }),
  window(6, 10, { parts: 3 }),
  { a: window(3, 10), b: paceOf(400, 1e6, { burst: 3 }), c: quota(9, 40) },
  { a: window(2, 10), b: window(3, 12, { per: "limiter" }) },
  { a: concurrency(2, { lease: 8 }), b: paceOf(300, 1e6, { burst: 4, per: "limiter" }) },
];

interface Trace {
  readonly limits: number;
  /** What is done, from the first on; and when one step is broken into by the next. */
  readonly deeds: readonly number[];
  readonly breaks: readonly number[];
}

const traces: fc.Arbitrary<Trace> = fc.record({
  limits: fc.nat({ max: LIMITS.length - 1 }),
  deeds: fc.array(fc.nat({ max: 9_999 }), { minLength: 10, maxLength: 60, size: "max" }),
  breaks: fc.array(fc.nat({ max: 999 }), { minLength: 20, maxLength: 200, size: "max" }),
});

/** Runs a trace over three threads; `deadly` for those that may die. */
class Run {
  readonly clock = manualClock({ now: 1_000_000, wall: Date.UTC(2026, 0, 1) });
  readonly memory = memoryOf(262_144);
  readonly threads = [0, 1, 2].map(() => threadOver(this.memory, this.clock));
  readonly passes: (Pass & { until?: number })[] = [];
  readonly plan: Plan;
  deaths = 0;
  met = 0;
  #busy = new Set<number>();
  #deeds: number[];
  #breaks: number[];
  readonly #deadly: boolean;

  constructor(trace: Trace, deadly: boolean) {
    this.#deeds = [...trace.deeds];
    this.#breaks = [...trace.breaks];
    this.#deadly = deadly;
    this.plan = this.#compile(LIMITS[trace.limits]!);
  }

  run(): void {
    interposed(
      () => this.#between(),
      () => {
        while (this.#deeds.length > 0) this.#deed();
      },
    );
  }

  /** Whether each key can be used again once all that was taken has passed. */
  usable(): string[] {
    this.clock.block(10_000);
    return ["x", "y"].filter((key) => {
      const costs = [this.plan.rules.map(() => 1)];
      const { ledger } = this.threads[0]!;
      const ask = askFor(key, this.plan, costs);
      const { admitted } = ledger.reserve(ask);
      this.clock.block(10_000);
      return admitted === 0;
    });
  }

  #between(): void {
    if (this.#busy.size === 0 || this.#busy.size === 3 || this.#breaks.length === 0) return;
    const chance = this.#breaks.pop()!;
    if (chance % 7 < 3) {
      this.met++;
      this.#deed();
    } else if (this.#deadly && chance % 41 === 5 && this.#deeds.length > 0) throw new Death();
  }

  #deed(): void {
    const deed = this.#deeds.pop();
    if (deed === undefined) return;
    const free = [0, 1, 2].filter((i) => !this.#busy.has(i));
    const who = free[deed % free.length]!;
    this.#busy.add(who);
    try {
      this.#do(who, Math.floor(deed / 3));
    } catch (error) {
      if (!(error instanceof Death)) throw error;
      this.deaths++;
      const busy = new Set(this.#busy);
      // A new thread comes in its place, undisturbed.
      this.#busy.clear();
      this.threads[who] = threadOver(this.memory, this.clock);
      this.#busy = busy;
    } finally {
      this.#busy.delete(who);
    }
  }

  #do(who: number, deed: number): void {
    const { ledger } = this.threads[who]!;
    const { plan, passes } = this;
    const key = deed % 2 === 0 ? "x" : "y";
    const kind = Math.floor(deed / 2) % 12;
    if (kind < 2) return this.clock.block(1 + (deed % 6));
    if (kind < 9) {
      const cost = plan.rules.map(() => 1 + (deed % 2));
      const maxWait = !plan.hasConcurrency && kind === 8 ? 50_000 : 0;
      const ask = askFor(key, plan, [cost], maxWait);
      const { admitted, instants, tickets } = ledger.reserve(ask);
      if (admitted === 0) return;
      const [at = 0] = instants;
      const [ticket = 0] = tickets;
      const pass = { key, plan, costs: cost, at, ticket, deferred: false };
      passes.push({ ...pass, actual: cost, settled: false });
      return;
    }
    const pass = passes[deed % (passes.length || 1)];
    if (!pass) return;
    if (kind === 9 && !pass.settled && pass.at > ledger.now()) {
      pass.settled = true;
      const none = pass.costs.map(() => 0);
      const { ticket, at, costs: taken } = pass;
      ledger.amend([{ kind: "cancel", key: pass.key, plan, ticket, at, taken, actual: none }]);
      pass.actual = none;
    } else if (kind === 10 && pass.until === undefined) {
      pass.until = ledger.now();
      ledger.amend([{ kind: "release", key: pass.key, plan, ticket: pass.ticket }]);
    } else {
      const until = deed % 3 === 0 ? undefined : ledger.now() + 1_000;
      ledger.amend([{ kind: "gate", key: deed % 5 === 0 ? undefined : key, plan, until }]);
    }
  }

  #compile(limits: LimitsInput): Plan {
    const now = Math.round(this.clock.wall() * 1e3);
    return compile(limits, 0, { now, wall: now });
  }
}

function judge(run: Run): void {
  expect(planBreach(run.plan, run.passes, 0)).toBeUndefined();
  const tickets = run.passes.map(({ key, ticket }) => `${key} ${ticket}`);
  expect(new Set(tickets).size).toBe(tickets.length);
  const busy = census(run.memory, run.threads);
  expect(busy.twice).toEqual([]);
  expect(run.usable()).toEqual([]);
  expect(census(run.memory, run.threads).twice).toEqual([]);
}

test("steps that meet at any operation keep all promises", () => {
  let met = 0;
  fc.assert(
    fc.property(traces, (trace) => {
      const run = new Run(trace, false);
      run.run();
      judge(run);
      met += run.met;
    }),
    { numRuns: 500 },
  );
  expect(met).toBeGreaterThan(1_000);
});

test("threads that die at any operation leave nothing to be repaired", () => {
  let deaths = 0;
  fc.assert(
    fc.property(traces, (trace) => {
      const run = new Run(trace, true);
      run.run();
      judge(run);
      deaths += run.deaths;
    }),
    { numRuns: 500 },
  );
  expect(deaths).toBeGreaterThan(300);
});
