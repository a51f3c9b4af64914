// The short way to decide about one unit of a few limits: two ledgers are asked for the same, one by
// `attempt` and one by `reserve`, and must give the same answers and hold the same state.
import fc from "fast-check";
import { expect, test } from "vitest";
import { LedgerKit, type Pass } from "../../../test/limits/ledger-kit.ts";
import type { LimitInput } from "../../limits/plan.ts";
import type { Answer } from "../store.ts";
import { concurrency, pace, window } from "../../index.ts";

const windows: fc.Arbitrary<LimitInput> = fc
  .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 4 }))
  .map(([count, span]) => window(count, `${span}ms`));
const paces: fc.Arbitrary<LimitInput> = fc
  .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 5 }), fc.nat({ max: 2 }))
  .map(([count, burst, catchUp]) => pace(`${count}/3ms`, { burst, catchUp }));
const slots: fc.Arbitrary<LimitInput> = fc
  .tuple(fc.integer({ min: 1, max: 6 }), fc.nat({ max: 2 }))
  .map(([count, cooldown]) => concurrency(count, { cooldown }));

/** At most one of each, in any order, so that any of them may be the first that binds. */
const plans = fc
  .record({ window: windows, pace: paces, slots }, { requiredKeys: [] })
  .filter((limits) => Object.keys(limits).length > 0)
  .chain((limits) =>
    fc
      .shuffledSubarray(Object.entries(limits), { minLength: Object.keys(limits).length })
      .map((entries) => Object.fromEntries(entries)),
  );

const deeds = fc.array(
  fc.record({
    kind: fc.nat({ max: 19 }),
    micros: fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: 5000 }), fc.constantFrom(1000, 2000, 3000)),
    pick: fc.nat(),
    costs: fc.array(fc.constantFrom(0, 1, 1, 1, 2), { minLength: 3, maxLength: 3 }),
  }),
  { maxLength: 80, size: "max" },
);

type Deed = Parameters<(typeof deeds)["map"]>[0] extends (all: (infer D)[]) => unknown ? D : never;

/** Two ledgers to which the same is done. */
class Pair {
  readonly #short: LedgerKit;
  readonly #long: LedgerKit;
  #plan: ReturnType<LedgerKit["plan"]>;
  #passes: Pass[] = [];

  constructor(limits: Record<string, LimitInput>, start: "full" | "used") {
    this.#short = new LedgerKit({ start });
    this.#long = new LedgerKit({ start });
    this.#plan = this.#short.plan(limits);
  }

  do({ kind, micros, pick, costs }: Deed): void {
    const pass = this.#passes[pick % Math.max(1, this.#passes.length)];
    if (kind < 5) this.#both((kit) => kit.block(micros));
    else if (kind < 15) this.#attempt(this.#plan.rules.map(() => 1));
    else if (kind === 15) this.#attempt(this.#plan.rules.map((_, i) => costs[i]!));
    else if (kind === 16) this.#book(micros);
    else if (kind === 17) this.#both((kit) => this.#shut(kit, micros));
    else if (pass) this.#end(pass, kind === 18);
  }

  setLimits(limits: Record<string, LimitInput>): void {
    this.#plan = this.#short.plan(limits);
    this.#passes = [];
    const none = this.#plan.rules.map(() => 0);
    this.#both((kit) => kit.until(this.#plan, none, "x"));
  }

  compare(): void {
    expect(this.#short.ledger.save()).toEqual(this.#long.ledger.save());
  }

  #both(act: (kit: LedgerKit) => unknown): void {
    act(this.#short);
    act(this.#long);
  }

  #attempt(costs: readonly number[]): void {
    const answer = this.#short.attempt(this.#plan, costs, "x");
    this.#compare(answer, this.#long.answer(this.#plan, costs, { key: "x" }), costs);
  }

  /** Ahead of time, which no slot can be. */
  #book(maxWait: number): void {
    if (this.#plan.hasConcurrency) return;
    const [answer, twin] = [this.#short, this.#long].map((kit) =>
      kit.answer(this.#plan, 1, { key: "x", maxWait }),
    );
    this.#compare(answer!, twin!, [1, 1, 1].slice(0, this.#plan.rules.length));
  }

  #compare(answer: Answer, twin: Answer, costs: readonly number[]): void {
    const { instants, tickets, admitted, until, rule } = twin;
    expect(answer.admitted).toBe(admitted);
    expect(answer.tickets.slice(0, admitted)).toEqual(tickets.slice(0, admitted));
    expect(answer.instants.slice(0, admitted)).toEqual(instants.slice(0, admitted));
    if (admitted === 0) expect([answer.until, answer.rule]).toEqual([until, rule]);
    else this.#note(costs, instants[0]!, tickets[0]!);
  }

  #note(costs: readonly number[], at: number, ticket: number): void {
    const pass = { key: "x", plan: this.#plan, costs, at, ticket, deferred: false };
    this.#passes.push({ ...pass, actual: costs, settled: false });
  }

  #shut(kit: LedgerKit, micros: number): void {
    const until = kit.ledger.now() + micros;
    kit.ledger.amend([{ kind: "gate", key: "x", plan: this.#plan, until }]);
  }

  /** A pass is released, or given back. */
  #end(pass: Pass, release: boolean): void {
    this.#passes = this.#passes.filter((each) => each !== pass);
    if (release) this.#both((kit) => kit.release(pass));
    else
      this.#both((kit) =>
        kit.settle(
          { ...pass },
          pass.costs.map(() => 0),
        ),
      );
  }
}

test.each(["full", "used"] as const)("the short way says what the long one says, %s", (start) => {
  fc.assert(
    fc.property(fc.array(fc.tuple(plans, deeds), { minLength: 1, maxLength: 3 }), (phases) => {
      const pair = new Pair(phases[0]![0], start);
      for (const [i, [limits, done]] of phases.entries()) {
        if (i > 0) pair.setLimits(limits);
        for (const deed of done) {
          pair.do(deed);
          pair.compare();
        }
      }
    }),
    { numRuns: 1500 },
  );
});
