/** A memory ledger on a clock that moves by hand, and what passed it. */

import type { Costs } from "../../src/costs.ts";
import { capacityOf } from "../../src/limits/algorithm.ts";
import { inOneProcess } from "../../src/limits/adapted.ts";
import { compile, type LimitsInput, type Plan } from "../../src/limits/plan.ts";
import { MemoryLedger } from "../../src/stores/memory/ledger.ts";
import { askFor, type Answer, type Ask, type Scope } from "../../src/stores/store.ts";
import { type ManualClock, manualClock } from "../../src/testing/manual-clock.ts";
import { micros } from "./limit-arbitraries.ts";
import { breach } from "./promise.ts";
import { scopeOf } from "../scope.ts";

/** One admission of a ledger. */
export interface Pass {
  readonly key: string;
  readonly plan: Plan;
  readonly costs: Costs;
  readonly at: number;
  readonly ticket: number;
  readonly deferred: boolean;
  /** When its turn ended, if the caller went on only after that. */
  end?: number;
  /** What was really used. */
  actual: Costs;
  settled: boolean;
  /** When its slots were given back. */
  until?: number;
}

export interface KitOptions extends Partial<Scope> {
  readonly now?: number;
  /** Milliseconds since the epoch. */
  readonly wall?: number;
  readonly margin?: number;
}

export class LedgerKit {
  readonly clock: ManualClock;
  readonly ledger: MemoryLedger;
  readonly #margin: number;

  constructor({
    now = 1_000_000,
    wall = Date.UTC(2026, 0, 1),
    margin = 0,
    ...scope
  }: KitOptions = {}) {
    this.clock = manualClock({ now, wall });
    this.#margin = margin;
    this.ledger = new MemoryLedger(scopeOf({ clock: this.clock, ...scope }));
  }

  /** What has to be added to the ledger's instants for microseconds since the epoch. */
  get wallOffset(): number {
    return Math.round(this.clock.wall() * 1e3) - this.ledger.now();
  }

  /** Moves the clock without firing timers. */
  block(gap: number): void {
    if (gap > 0) this.clock.block(micros(gap));
  }

  plan(limits: LimitsInput, base?: LimitsInput): Plan {
    const since = { now: this.ledger.now(), wall: this.clock.wall() * 1e3 };
    return inOneProcess(compile(limits, this.#margin, since, base));
  }

  /** Asks once; the answer is a copy. */
  answer(plan: Plan, costs: Costs | number = 1, ask: Partial<Ask> = {}): Answer {
    const each = typeof costs === "number" ? plan.rules.map(() => costs) : costs;
    const answer = this.ledger.reserve({ ...askFor("", plan, [each]), ...ask });
    return copy(answer);
  }

  /** The same by the short way for a caller who goes on at once. */
  attempt(plan: Plan, costs: Costs, key: string): Answer {
    const { now, ticket, until, rule } = this.ledger.attempt(key, plan, costs);
    const [instants, tickets] = ticket === 0 ? [[], []] : [[now], [ticket]];
    return { now, admitted: tickets.length, instants, tickets, until, ownUntil: until, rule };
  }

  /** Asks once; `undefined` for a refusal. */
  pass(plan: Plan, costs: Costs | number = 1, ask: Partial<Ask> = {}): Pass | undefined {
    const each = typeof costs === "number" ? plan.rules.map(() => costs) : costs;
    const { admitted, instants, tickets } = this.answer(plan, each, ask);
    if (admitted === 0) return undefined;
    return {
      key: ask.key ?? "",
      plan,
      costs: each,
      at: instants[0]!,
      ticket: tickets[0]!,
      deferred: ask.deferred ?? false,
      actual: each,
      settled: false,
    };
  }

  /** When a cost would pass, without taking anything. */
  until(plan: Plan, costs: Costs | number = 1, key = ""): number {
    const each = typeof costs === "number" ? plan.rules.map(() => costs) : costs;
    const ask = askFor(key, plan, [each]);
    return this.ledger.peek(ask, undefined).until;
  }

  settle(pass: Pass, actual: Costs): void {
    const { key, plan, ticket, costs } = pass;
    const at = Math.max(pass.at, pass.end ?? 0);
    pass.actual = actual;
    pass.settled = true;
    this.ledger.amend([{ kind: "settle", key, plan, ticket, at, taken: costs, actual }]);
  }

  cancel(pass: Pass): void {
    const { key, plan, ticket, costs, at } = pass;
    const actual = costs.map(() => 0);
    pass.actual = actual;
    pass.settled = true;
    this.ledger.amend([{ kind: "cancel", key, plan, ticket, at, taken: costs, actual }]);
  }

  release(pass: Pass): void {
    const { key, plan, ticket } = pass;
    pass.until = this.ledger.now();
    this.ledger.amend([{ kind: "release", key, plan, ticket }]);
  }

  reset(key?: string): void {
    this.ledger.amend([{ kind: "reset", key }]);
  }
}

function copy(answer: Answer): Answer {
  return { ...answer, instants: [...answer.instants], tickets: [...answer.tickets] };
}

/** The most that one admission can take of each rule, but no more than a few. */
export function mostOf(plan: Plan): number[] {
  return plan.rules.map(({ limit }) => Math.min(capacityOf(limit), 1_000_000));
}

/** The first rule whose promise the admissions of a plan break, as they really ran. */
export function planBreach(
  plan: Plan,
  passes: readonly Pass[],
  wallOffset: number,
  runsAt: (pass: Pass, i: number) => number = ({ at }) => at,
): string | undefined {
  const ran = passes.map((pass, i) => ({ pass, at: runsAt(pass, i) }));
  const keys = new Set(passes.map(({ key }) => key));
  for (const [i, { limit, shared, names }] of plan.rules.entries()) {
    for (const key of shared ? [undefined] : keys) {
      const real = ran
        .filter(({ pass }) => key === undefined || pass.key === key)
        .map(({ pass: { actual, until, at: taken }, at }) => ({
          // A slot is taken, and its lease begins, before the caller runs.
          at: limit.kind === "concurrency" ? taken : at,
          units: actual[i]!,
          ...(until === undefined ? {} : { until }),
        }));
      const found = breach(limit, real, wallOffset);
      if (found !== undefined) return `${names.join()} of ${key ?? "all"}: ${found}`;
    }
  }
  return undefined;
}
