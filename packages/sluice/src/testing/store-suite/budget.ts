/** A budget in the store under test: asks in a few words, and the passing of time. */

import { type Clock, systemClock } from "../../clock.ts";
import type { Costs } from "../../costs.ts";
import { compile, type LimitsInput, type Plan } from "../../limits/plan.ts";
import {
  askFor,
  type Answer,
  type Ask,
  type Change,
  type Ledger,
  type Scope,
  type Store,
  type View,
} from "../../stores/store.ts";
import { type ManualClock, manualClock } from "../manual-clock.ts";
import { check } from "./check.ts";
import type { StoreSubject } from "./subject.ts";

/** What was admitted. */
export interface Admitted {
  readonly key: string;
  readonly plan: Plan;
  readonly costs: Costs;
  readonly at: number;
  readonly ticket: number;
}

/** Some milliseconds more than an hour after midnight, so that no border is at zero. */
const WALL = Date.UTC(2026, 4, 5, 1, 0, 0, 7);

let opened = 0;

export class Budget {
  readonly store: Store;
  readonly ledger: Ledger<boolean>;
  readonly name: string;
  /** Whether time moves only when it is told to. */
  readonly still: boolean;
  readonly #subject: StoreSubject;
  readonly #clock: ManualClock | undefined;
  readonly #ledgers: Ledger<boolean>[] = [];

  private constructor(subject: StoreSubject, store: Store, scope: Partial<Scope>) {
    this.#subject = subject;
    this.store = store;
    this.still = subject.clock !== "own";
    this.#clock = this.still ? manualClock({ now: 1_000_000, wall: WALL }) : undefined;
    opened += 1;
    this.name = scope.name ?? `suite-${opened}-${Math.random().toString(36).slice(2)}`;
    this.ledger = this.another(scope);
  }

  /** Runs `use` with a budget of its own, and ends it. */
  static async use(
    subject: StoreSubject,
    use: (budget: Budget) => Promise<void>,
    scope: Partial<Scope> = {},
  ): Promise<void> {
    const store = await subject.open();
    const budget = new Budget(subject, store, scope);
    try {
      await use(budget);
    } finally {
      for (const ledger of budget.#ledgers) await ledger.close();
      await subject.close?.(store);
    }
  }

  /** Whether another ledger of the same name sees the same state. */
  get shared(): boolean {
    return this.#subject.shared !== false;
  }

  get clock(): Clock {
    return this.#clock ?? systemClock;
  }

  /** One more ledger, of the same name unless the scope says otherwise. */
  another(scope: Partial<Scope> = {}): Ledger<boolean> {
    const ledger = this.store.open({
      name: this.name,
      clock: this.clock,
      maxKeys: 100_000,
      start: "full",
      isWaited: () => false,
      onFreed: () => undefined,
      ...scope,
    });
    this.#ledgers.push(ledger);
    return ledger;
  }

  async plan(limits: LimitsInput): Promise<Plan> {
    const now = await this.ledger.now();
    return compile(limits, 0, { now, wall: this.clock.wall() * 1e3 });
  }

  /** What has to be added to the ledger's instants for microseconds since the epoch. */
  async wallOffset(): Promise<number> {
    return this.still ? Math.round(this.clock.wall() * 1e3) - (await this.ledger.now()) : 0;
  }

  /** Asks; the answer is a copy. A cost that is a number stands for the same of every rule. */
  async ask(
    plan: Plan,
    costs: readonly (Costs | number)[] = [1],
    ask: Partial<Ask> = {},
    ledger: Ledger<boolean> = this.ledger,
  ): Promise<Answer> {
    const each = costs.map((cost) =>
      typeof cost === "number" ? plan.rules.map(() => cost) : cost,
    );
    const answer = await ledger.reserve({ ...askFor("k", plan, each), ...ask });
    return {
      ...answer,
      instants: answer.instants.slice(0, answer.admitted),
      tickets: answer.tickets.slice(0, answer.admitted),
    };
  }

  /** Asks for one, which must be admitted. */
  async admit(
    plan: Plan,
    cost: Costs | number = 1,
    ask: Partial<Ask> = {},
    ledger: Ledger<boolean> = this.ledger,
  ): Promise<Admitted> {
    const costs = typeof cost === "number" ? plan.rules.map(() => cost) : cost;
    const answer = await this.ask(plan, [costs], ask, ledger);
    check(answer.admitted === 1, `a cost of ${costs.join()} must be admitted; it was refused.`);
    const [at, ticket] = [answer.instants[0]!, answer.tickets[0]!];
    return { key: ask.key ?? "k", plan, costs, at, ticket };
  }

  /** Asks for one, which must be refused; returns when it would fit. */
  async refused(
    plan: Plan,
    cost: Costs | number = 1,
    ask: Partial<Ask> = {},
    ledger: Ledger<boolean> = this.ledger,
  ): Promise<number> {
    const answer = await this.ask(plan, [cost], ask, ledger);
    check(answer.admitted === 0, `a cost of ${String(cost)} must be refused; it was admitted.`);
    return answer.until;
  }

  async peek(plan: Plan, cost: Costs | number = 1, key = "k"): Promise<View> {
    const costs = [typeof cost === "number" ? plan.rules.map(() => cost) : cost];
    const ask = askFor(key, plan, costs);
    return this.ledger.peek(ask, undefined);
  }

  async amend(...changes: Change[]): Promise<readonly number[]> {
    return this.ledger.amend(changes);
  }

  settle(admitted: Admitted, actual: Costs): Promise<readonly number[]> {
    const { key, plan, ticket, at, costs: taken } = admitted;
    return this.amend({ kind: "settle", key, plan, ticket, at, taken, actual });
  }

  cancel(admitted: Admitted): Promise<readonly number[]> {
    const { key, plan, ticket, at, costs: taken } = admitted;
    const actual = taken.map(() => 0);
    return this.amend({ kind: "cancel", key, plan, ticket, at, taken, actual });
  }

  release({ key, plan, ticket }: Admitted): Promise<readonly number[]> {
    return this.amend({ kind: "release", key, plan, ticket });
  }

  renew({ key, plan, ticket, costs }: Admitted, held: Costs = costs): Promise<readonly number[]> {
    return this.amend({ kind: "renew", key, plan, ticket, held });
  }

  /** Lets so many microseconds pass at the least; exactly so many where time stands still. */
  async pass(micros: number): Promise<void> {
    if (this.#clock) this.#clock.block(micros / 1e3);
    else await sleep(micros);
  }

  /** The same, and fires the timers on the way. */
  async advance(micros: number): Promise<void> {
    if (this.#clock) await this.#clock.advance(micros / 1e3);
    else await sleep(micros);
  }

  /** Lets time pass until the store's clock shows `instant`. */
  async reach(instant: number): Promise<void> {
    for (;;) {
      const missing = instant - (await this.ledger.now());
      if (missing <= 0) return;
      await this.pass(missing);
    }
  }

  /** Sets the clock back, both of its faces; only where time stands still. */
  stepBack(micros: number): void {
    this.#clock?.stepBack(micros / 1e3);
  }

  /** All that is stored, or as much of it as can be seen. */
  async dump(): Promise<string> {
    return (await this.#subject.dump?.(this.store)) ?? JSON.stringify(await this.ledger.keys());
  }
}

function sleep(micros: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.ceil(micros / 1e3) + 1));
}
