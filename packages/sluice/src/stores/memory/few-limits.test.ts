// The short way to decide about one unit of a few limits: two ledgers are asked for the same, one by
// `attempt` and one by `reserve`, and must give the same answers and hold the same state.
import fc from "fast-check";
import { expect, test } from "vitest";
import { LedgerKit, type Pass } from "../../../test/limits/ledger-kit.ts";
import type { LimitInput } from "../../limits/plan.ts";
import type { Answer, SavedState } from "../store.ts";
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
    kind: fc.nat({ max: 25 }),
    key: fc.constantFrom("x", "x", "x", "y"),
    micros: fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: 5000 }), fc.constantFrom(1000, 2000, 3000)),
    pick: fc.nat(),
    costs: fc.array(fc.constantFrom(0, 1, 1, 1, 2), { minLength: 3, maxLength: 3 }),
  }),
  { maxLength: 80, size: "max" },
);

type Deed = Parameters<(typeof deeds)["map"]>[0] extends (all: (infer D)[]) => unknown ? D : never;

const ONES = [[], [1], [1, 1], [1, 1, 1]];

/** Two ledgers to which the same is done. */
class Pair {
  readonly #short: LedgerKit;
  readonly #long: LedgerKit;
  #plan: ReturnType<LedgerKit["plan"]>;
  #passes: Pass[] = [];
  #kept: SavedState | undefined;

  constructor(limits: Record<string, LimitInput>, start: "full" | "used") {
    this.#short = new LedgerKit({ start });
    this.#long = new LedgerKit({ start });
    this.#plan = this.#short.plan(limits);
  }

  do({ kind, key, micros, pick, costs }: Deed): void {
    const pass = this.#passes[pick % Math.max(1, this.#passes.length)];
    if (kind < 5) this.#both((kit) => kit.block(micros));
    else if (kind < 15) this.#attempt(this.#ones, key);
    else if (kind === 15)
      this.#attempt(
        this.#plan.rules.map((_, i) => costs[i]!),
        key,
      );
    else if (kind === 16) this.#book(micros, key);
    else if (kind === 17) this.#both((kit) => this.#shut(kit, micros, key));
    else if (kind === 18) this.#kept = this.#short.ledger.save();
    else if (kind === 19) this.#load();
    else if (kind === 20) this.#reset(pick % 4 === 0 ? undefined : key);
    else if (kind === 21) this.#both((kit) => this.#shut(kit, micros, undefined));
    else if (kind === 22) this.#defer(key);
    else if (kind === 23) this.#both((kit) => kit.ledger.endTurn());
    else if (pass) this.#end(pass, kind === 24);
  }

  /** One unit of each: the same object for all plans of as many rules. */
  get #ones(): readonly number[] {
    return ONES[this.#plan.rules.length]!;
  }

  setLimits(limits: Record<string, LimitInput>): void {
    this.#plan = this.#short.plan(limits);
    this.#passes = [];
    this.#kept = undefined;
    const none = this.#plan.rules.map(() => 0);
    for (const key of ["x", "y"]) this.#both((kit) => kit.until(this.#plan, none, key));
  }

  compare(): void {
    expect(this.#short.ledger.save()).toEqual(this.#long.ledger.save());
  }

  #both(act: (kit: LedgerKit) => unknown): void {
    act(this.#short);
    act(this.#long);
  }

  #attempt(costs: readonly number[], key: string): void {
    const answer = this.#short.attempt(this.#plan, costs, key);
    this.#compare(answer, this.#long.answer(this.#plan, costs, { key }), costs, key);
  }

  /** Ahead of time, which no slot can be. */
  #book(maxWait: number, key: string): void {
    if (this.#plan.hasConcurrency) return;
    const [answer, twin] = [this.#short, this.#long].map((kit) =>
      kit.answer(this.#plan, 1, { key, maxWait }),
    );
    this.#compare(answer!, twin!, this.#ones, key);
  }

  #compare(answer: Answer, twin: Answer, costs: readonly number[], key: string): void {
    const { now, instants, tickets, admitted, until, rule } = twin;
    expect(answer.now).toBe(now);
    expect(answer.admitted).toBe(admitted);
    expect(answer.tickets.slice(0, admitted)).toEqual(tickets.slice(0, admitted));
    expect(answer.instants.slice(0, admitted)).toEqual(instants.slice(0, admitted));
    if (admitted === 0) expect([answer.until, answer.rule]).toEqual([until, rule]);
    else {
      const pass = { key, plan: this.#plan, costs, at: instants[0]!, ticket: tickets[0]! };
      this.#passes.push({ ...pass, deferred: false, actual: costs, settled: false });
    }
  }

  /** For a caller who goes on at the end of the turn. */
  #defer(key: string): void {
    const [answer, twin] = [this.#short, this.#long].map((kit) =>
      kit.answer(this.#plan, 1, { key, deferred: true }),
    );
    this.#compare(answer!, twin!, this.#ones, key);
  }

  #reset(key: string | undefined): void {
    this.#both((kit) => kit.reset(key));
    this.#passes = this.#passes.filter((pass) => key !== undefined && pass.key !== key);
  }

  #shut(kit: LedgerKit, micros: number, key: string | undefined): void {
    const until = kit.ledger.now() + micros;
    kit.ledger.amend([{ kind: "gate", key, plan: this.#plan, until }]);
  }

  #load(): void {
    const state = this.#kept;
    if (state === undefined) return;
    this.#both((kit) => kit.ledger.load(state, new Map([[this.#plan.text, this.#plan]])));
    this.#passes = [];
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
