/**
 * Law 8 as cases: random traces (all limits, costs, bookings, cancels, settlements, gates, resets) are
 * done to the store and to the pure functions at the store's own `now`; every answer is the same.
 */

import type { Costs } from "../../costs.ts";
import type { Plan } from "../../limits/plan.ts";
import { type Admitted, Budget } from "./budget.ts";
import { check, checkEqual } from "./check.ts";
import { Random } from "./random.ts";
import type { StoreCase, StoreSubject, StoreSuiteOptions } from "./subject.ts";
import { randomCosts, randomGap, randomLimits } from "./traces.ts";
import { Twin } from "./twin.ts";

const DEEDS = 30;
const KEYS = ["x", "y"];

export function replayCases(subject: StoreSubject, options: StoreSuiteOptions): StoreCase[] {
  const { seed = 1, traces = subject.clock === "own" ? 20 : 200 } = options;
  return (["full", "used"] as const).map((start) => ({
    name: `answers replayed through the pure functions are the same, starting ${start}`,
    run: async () => {
      for (let i = 0; i < traces; i++) {
        const random = new Random(seed * 100_003 + i * 2 + (start === "used" ? 1 : 0));
        await Budget.use(subject, (budget) => replay(budget, random, start, `${seed}/${i}`), {
          start,
        });
      }
    },
  }));
}

async function replay(
  budget: Budget,
  random: Random,
  start: "full" | "used",
  name: string,
): Promise<void> {
  const plan = await budget.plan(randomLimits(random, budget.still));
  // The instant of the opening cannot be told on a clock that goes on.
  if (start === "used" && !budget.still) return;
  const used = start === "used" ? await budget.ledger.now() : undefined;
  const wallOffset = await budget.wallOffset();
  const twin = new Twin(plan, { wallOffset, leases: budget.shared, used });
  const trace = new Trace(budget, plan, twin, random);
  for (let i = 0; i < DEEDS; i++) {
    try {
      await trace.step();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const limits = JSON.stringify(plan.rules.map(({ limit }) => limit));
      const done = trace.log.join("\n  ");
      throw new Error(`trace ${name}: ${message}\nlimits: ${limits}\ndone:\n  ${done}`, {
        cause: error,
      });
    }
  }
}

/** A store and its twin, to which the same is done. */
class Trace {
  readonly log: string[] = [];
  readonly #budget: Budget;
  readonly #plan: Plan;
  readonly #twin: Twin;
  readonly #random: Random;
  /** What can still be cancelled, settled or released. */
  #admitted: (Admitted & { settled: boolean; released: boolean })[] = [];
  readonly #lastTickets = new Map<string, number>();
  #now = 0;

  constructor(budget: Budget, plan: Plan, twin: Twin, random: Random) {
    this.#budget = budget;
    this.#plan = plan;
    this.#twin = twin;
    this.#random = random;
  }

  async step(): Promise<void> {
    const random = this.#random;
    this.#now = await this.#budget.ledger.now();
    const deed = random.whole(0, 15);
    if (deed < 3) await this.#pass();
    else if (deed < 9) await this.#ask();
    else if (deed === 9) await this.#peek();
    else if (deed === 10) await this.#gate();
    else if (deed === 11) await this.#cancel();
    else if (deed < 14) await this.#settle();
    else if (deed === 14) await this.#release();
    else if (random.chance(0.3)) await this.#reset();
  }

  async #pass(): Promise<void> {
    const gap = randomGap(this.#random, this.#plan, this.#budget.still);
    if (!this.#budget.still && this.#random.chance(0.6)) return;
    this.log.push(`pass ${gap} µs`);
    await this.#budget.pass(gap);
  }

  async #ask(): Promise<void> {
    const random = this.#random;
    const key = random.of(KEYS);
    const costs = Array.from({ length: random.whole(1, 3) }, () => randomCosts(random, this.#plan));
    const gap = randomGap(random, this.#plan, this.#budget.still);
    // Slots are taken when they are there, and never booked.
    const maxWait = this.#plan.hasConcurrency ? 0 : random.of([0, 0, gap, 1e12]);
    const since = random.chance(0.2) ? this.#now - random.whole(0, 1_000_000) : undefined;
    const notBefore = maxWait > 0 && random.chance(0.3) ? this.#now + gap : 0;
    const ask = { key, costs, maxWait, since, notBefore };
    this.log.push(`ask ${JSON.stringify(ask)}`);
    const answer = await this.#budget.ask(this.#plan, costs, ask);
    check(Number.isSafeInteger(answer.now), `now must be whole microseconds; got ${answer.now}.`);
    check(answer.now >= this.#now, `now must not go back from ${this.#now}; got ${answer.now}.`);
    if (this.#budget.still) checkEqual(answer.now, this.#now, "now on a clock that stands still");
    this.#checkTickets(key, answer.tickets);
    const expected = this.#twin.reserve(ask, answer.now, (i) => answer.tickets[i] ?? 0);
    const { instants, admitted, until, ownUntil } = answer;
    checkEqual(instants, expected.instants, `the instants of an ask at ${answer.now}`);
    if (admitted < costs.length) {
      checkEqual(until, expected.until, `until at ${answer.now}`);
      checkEqual(ownUntil, expected.ownUntil, `ownUntil at ${answer.now}`);
    }
    instants.forEach((at, i) => {
      const admission = { key, plan: this.#plan, costs: costs[i]!, at, ticket: answer.tickets[i]! };
      this.#admitted.push({ ...admission, settled: false, released: false });
    });
  }

  #checkTickets(key: string, tickets: readonly number[]): void {
    for (const ticket of tickets) {
      const last = this.#lastTickets.get(key) ?? 0;
      check(ticket > last, `tickets of a key must rise; got ${ticket} after ${last}.`);
      this.#lastTickets.set(key, ticket);
    }
  }

  async #peek(): Promise<void> {
    const key = this.#random.of(KEYS);
    const costs = randomCosts(this.#random, this.#plan);
    this.log.push(`peek ${JSON.stringify({ key, costs })}`);
    const view = await this.#budget.peek(this.#plan, costs, key);
    const { all, own } = this.#twin.earliest(key, costs, this.#twin.momentOf(view.now));
    checkEqual([view.until, view.ownUntil], [all, own], `until and ownUntil at ${view.now}`);
    checkEqual(view.rates, this.#twin.views(key, view.now), `the rates at ${view.now}`);
  }

  async #gate(): Promise<void> {
    const key = this.#random.of([...KEYS, undefined]);
    const gap = randomGap(this.#random, this.#plan, this.#budget.still);
    const until = this.#random.chance(0.3) ? undefined : this.#now + gap;
    this.log.push(`gate ${JSON.stringify({ key, until })}`);
    await this.#budget.amend({ kind: "gate", key, plan: this.#plan, until });
    this.#twin.gate(key, until);
  }

  async #cancel(): Promise<void> {
    const open = this.#admitted.filter(({ settled, at }) => !settled && at > this.#now);
    if (open.length === 0) return;
    const admitted = this.#random.of(open);
    admitted.settled = true;
    this.log.push(`cancel ${admitted.ticket} of ${admitted.at}`);
    await this.#twice(() => this.#budget.cancel(admitted));
    this.#twin.settle(
      admitted,
      admitted.costs.map(() => 0),
      this.#now,
    );
  }

  async #settle(): Promise<void> {
    const open = this.#admitted.filter(
      ({ settled, released, at }) => !settled && !released && at <= this.#now,
    );
    if (open.length === 0) return;
    const admitted = this.#random.of(open);
    admitted.settled = true;
    const actual = admitted.costs.map((cost, i) => this.#actual(cost, i));
    this.log.push(`settle ${admitted.ticket} of ${admitted.at}: ${actual.join()}`);
    await this.#twice(() => this.#budget.settle(admitted, actual));
    this.#twin.settle(admitted, actual, this.#now);
  }

  /** More than was taken only where it is known when that is charged. */
  #actual(cost: number, i: number): Costs[number] {
    const { limit } = this.#plan.rules[i]!;
    const more = this.#budget.still && limit.kind !== "concurrency";
    return this.#random.whole(0, more ? 2 * Math.ceil(cost) + 1 : Math.floor(cost));
  }

  async #release(): Promise<void> {
    const held = this.#admitted.filter(({ released }) => !released);
    if (held.length === 0) return;
    const admitted = this.#random.of(held);
    admitted.released = true;
    this.log.push(`release ${admitted.ticket}`);
    await this.#twice(() => this.#budget.release(admitted));
    this.#twin.release(admitted, this.#now);
  }

  async #reset(): Promise<void> {
    const key = this.#random.of(KEYS);
    this.log.push(`reset ${key}`);
    this.#admitted = this.#admitted.filter((each) => each.key !== key);
    await this.#budget.amend({ kind: "reset", key });
    this.#twin.reset(key);
  }

  /** A remote store may hear of a change twice, because a reply was lost. */
  async #twice(change: () => Promise<unknown>): Promise<void> {
    await change();
    if (!this.#budget.store.sync && this.#random.chance(0.3)) await change();
  }
}
