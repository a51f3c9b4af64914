// Law 8: every answer of the memory ledger, replayed at its own `now` through the pure functions on
// states of their own, is the same: the same instants, the same refusals, to the microsecond.
import fc from "fast-check";
import { expect, test } from "vitest";
import { gapOf } from "../../../test/limits/history.ts";
import { LedgerKit, mostOf, type Pass } from "../../../test/limits/ledger-kit.ts";
import { chosen, costsOf, type Deed, deeds, type Mix, mixes } from "../../../test/limits/mixes.ts";
import { PureTwin } from "../../../test/limits/pure-twin.ts";
import type { Plan } from "../../limits/plan.ts";

/** A ledger and its twin, to which the same is done. */
class Pair {
  readonly #kit: LedgerKit;
  readonly #twin: PureTwin;
  #plan: Plan;
  /** What can still be settled or released: of the present plan only. */
  #passes: Pass[] = [];

  constructor(mix: Mix, start: "full" | "used") {
    this.#kit = new LedgerKit({ start });
    this.#plan = this.#kit.plan(mix);
    const used = start === "used" ? this.#kit.ledger.now() : undefined;
    this.#twin = new PureTwin(this.#plan, this.#kit.wallOffset, used);
  }

  do(deed: Deed): void {
    const now = this.#kit.ledger.now();
    const open = this.#passes.filter(({ settled }) => !settled);
    if (deed.kind < 2) this.#kit.block(this.#gap(deed));
    else if (deed.kind < 8) this.#ask(deed, now);
    else if (deed.kind === 8) this.#gate(deed, now);
    else if (deed.kind === 9) {
      const pass = chosen(
        deed,
        open.filter(({ at }) => at > now),
      );
      if (!pass) return;
      this.#kit.cancel(pass);
      this.#twin.settle(
        pass,
        pass.costs.map(() => 0),
        now,
      );
    } else if (deed.kind === 10) {
      const pass = chosen(
        deed,
        open.filter(({ at }) => at <= now),
      );
      if (pass) this.#settle(pass, deed, now);
    } else {
      const pass = chosen(
        deed,
        this.#passes.filter(({ until }) => until === undefined),
      );
      if (!pass) return;
      this.#kit.release(pass);
      this.#twin.release(pass, now);
    }
  }

  /** Other limits from now on; the rows are moved at once by looking at them. */
  setLimits(mix: Mix): void {
    this.#plan = this.#kit.plan(mix);
    this.#passes = [];
    this.#twin.setPlan(this.#plan);
    const none = this.#plan.rules.map(() => 0);
    for (const key of ["x", "y"]) this.#kit.until(this.#plan, none, key);
  }

  #gap(deed: Deed): number {
    return gapOf(chosen(deed, this.#plan.rules)!.limit, { ...deed, cost: 0, choice: 0 });
  }

  #ask(deed: Deed, now: number): void {
    const { key, kind, fraction } = deed;
    const most = mostOf(this.#plan);
    const two = [costsOf(deed, most), costsOf({ ...deed, costs: deed.costs.toReversed() }, most)];
    const costs = two.slice(0, 1 + (kind % 2));
    const maxWait = [0, 0, this.#gap({ ...deed, gap: 4 }), 1e12][kind - 4] ?? 0;
    const since = deed.gap === 0 ? now - Math.floor(fraction * 1e6) : now;
    const deferred = kind === 3;
    const plain = costs.length === 1 && maxWait === 0 && since === now && !deferred;
    const answer =
      plain && fraction < 0.7
        ? this.#kit.attempt(this.#plan, costs[0]!, key)
        : this.#kit.answer(this.#plan, costs[0], { key, costs, maxWait, since, deferred });
    const expected = this.#twin.reserve({ key, costs, now, since, maxWait });
    const { instants, tickets, admitted, until } = answer;
    expect(answer.now).toBe(now);
    expect(instants.slice(0, admitted)).toEqual(expected.instants);
    expect(tickets.slice(0, admitted)).toEqual(expected.tickets);
    if (admitted < costs.length) expect(until).toBe(expected.until);
    const passes = costs.slice(0, admitted).map((cost, i): Pass => {
      const [at, ticket] = [instants[i]!, tickets[i]!];
      const pass = { key, plan: this.#plan, costs: cost, at, ticket, deferred };
      return { ...pass, actual: cost, settled: false };
    });
    this.#passes.push(...passes);
    if (deferred) this.#endTurn(deed, passes);
  }

  /** The turn of one ask: what it admitted is raised together. */
  #endTurn(deed: Deed, passes: readonly Pass[]): void {
    this.#kit.block(Math.floor(deed.fraction * 3) * this.#gap({ ...deed, gap: 3 }));
    const end = this.#kit.ledger.endTurn();
    expect(end).toBe(this.#kit.ledger.now());
    const [first] = passes;
    if (!first) return;
    const costs = first.costs.map((_, i) => passes.reduce((sum, pass) => sum + pass.costs[i]!, 0));
    this.#twin.raise({ ...first, costs }, end);
    for (const pass of passes) pass.end = end;
  }

  /** For less or for more than was asked; slots are given back or kept. */
  #settle(pass: Pass, deed: Deed, now: number): void {
    const actual = pass.costs.map((cost, i) => {
      const slots = this.#plan.rules[i]!.limit.kind === "concurrency";
      return deed.costs[i]! % (slots ? cost + 1 : 2 * cost + 2);
    });
    this.#kit.settle(pass, actual);
    this.#twin.settle({ ...pass, at: pass.end ?? pass.at }, actual, now);
  }

  #gate(deed: Deed, now: number): void {
    const key = deed.gap % 2 === 0 ? deed.key : undefined;
    const until = deed.gap < 2 ? undefined : now + this.#gap(deed);
    this.#kit.ledger.amend([{ kind: "gate", key, plan: this.#plan, until }]);
    this.#twin.gate(key, until ?? 0);
  }
}

test.each(["full", "used"] as const)("random traces, starting %s", (start) => {
  fc.assert(
    fc.property(mixes, deeds, (mix, done) => {
      const pair = new Pair(mix, start);
      for (const deed of done) pair.do(deed);
    }),
    { numRuns: 700 },
  );
});

test.each(["full", "used"] as const)("other limits in between, starting %s", (start) => {
  fc.assert(
    fc.property(fc.array(fc.tuple(mixes, deeds), { minLength: 2, maxLength: 4 }), (phases) => {
      const [[mix, done], ...rest] = phases as [(typeof phases)[0], ...typeof phases];
      const pair = new Pair(mix, start);
      for (const deed of done) pair.do(deed);
      for (const [changed, next] of rest) {
        pair.setLimits(changed);
        for (const deed of next) pair.do(deed);
      }
    }),
    { numRuns: 400 },
  );
});
