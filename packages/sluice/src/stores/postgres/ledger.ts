/** One limiter's budget in PostgreSQL: each decision is one call of a function. */

import type { Costs } from "../../costs.ts";
import type { Plan } from "../../limits/plan.ts";
import { show } from "../../time.ts";
import type { Answer, Ask, Change, Ledger, Scope, View } from "../store.ts";
import { Asking } from "./asking.ts";
import { changeNumbers, makesRows } from "./change-numbers.ts";
import { type Connection, listen, type PostgresListener } from "./client.ts";
import { failureOf } from "./failures.ts";
import { probed, probesOf, viewOf } from "../remote/looking.ts";
import { channelOf, columnOf, COMMON } from "./names.ts";
import { planArgs } from "./plan-args.ts";
import { answerOf, earliestOf, ruleOf } from "../remote/replies.ts";
import { Sweep } from "./sweep.ts";

/** Changes in one call: its row stays locked for less than five milliseconds. */
const MOST_CHANGES = 50;

/** Keys that are noted as refused. */
const MOST_REFUSED = 10_000;

export interface LedgerOptions {
  readonly schema: string;
  /** Microseconds in which a gate that another process set is heard of. */
  readonly horizon: number;
  readonly durable: boolean;
  readonly listener: PostgresListener | undefined;
}

export class PostgresLedger implements Ledger<false> {
  readonly sync = false;
  readonly notifies: boolean;
  readonly #scope: Scope;
  readonly #options: LedgerOptions;
  readonly #asking: Asking;
  readonly #sweep: Sweep;
  /** The limiter's gate, and when it was read, on this process's clock. */
  #gate = 0;
  #gateRead = Number.NEGATIVE_INFINITY;
  /** Keys whose last answer was a refusal: a plain read, without a lock, may refuse them again. */
  readonly #refused = new Set<string>();
  readonly #ended: Promise<() => Promise<void>> | undefined;

  constructor(connection: Connection, scope: Scope, options: LedgerOptions) {
    this.#scope = scope;
    this.#options = options;
    const { schema, listener } = options;
    const channel = channelOf(schema, scope.name);
    this.notifies = listener !== undefined;
    this.#asking = new Asking(connection, scope, schema, this.notifies ? channel : "");
    this.#sweep = new Sweep(connection, schema, this.#asking.limiter);
    if (listener) {
      this.#ended = listen(listener, channel, () => {
        this.#gateRead = Number.NEGATIVE_INFINITY;
        scope.onFreed();
      });
      // A failure is told by `close`, and by the limiter's own looking again.
      this.#ended.catch(() => undefined);
    }
  }

  now(): Promise<number> {
    return this.#asking.now();
  }

  async reserve(ask: Ask): Promise<Answer> {
    const { key, plan, costs, maxWait, notBefore = 0, since = -1 } = ask;
    const reply = await this.#asking.ask({
      verb: "reserve",
      key: columnOf(key),
      plan,
      ahead: maxWait,
      numbers: (cold) => [
        cold,
        this.#refused.has(key),
        this.#readsGate(),
        this.#gate,
        maxWait,
        notBefore,
        since,
        this.#options.durable,
        costs.length,
        addUp(plan, costs),
        ...costs.flatMap((each) => costsSent(plan, each)),
      ],
    });
    this.#gate = reply[2]!;
    this.#sweep.asked(this.#scope.clock.now());
    const answer = answerOf(plan, costs.length, reply);
    this.#note(key, answer.admitted === 0 && costs.length > 0);
    return answer;
  }

  async amend(changes: readonly Change[]): Promise<readonly number[]> {
    const byKey = new Map<string | undefined, Change[]>();
    for (const change of changes) {
      if (change.kind === "reset" && change.key === undefined) {
        await this.#asking.resetAll();
        this.#freed(undefined);
        continue;
      }
      const same = byKey.get(change.key);
      if (same) same.push(change);
      else byKey.set(change.key, [change]);
    }
    const lost = await Promise.all([...byKey].map(([key, same]) => this.#amendKey(key, same)));
    return lost.flat();
  }

  /** Changes of one plan travel together, a few at a time. */
  async #amendKey(key: string | undefined, changes: readonly Change[]): Promise<number[]> {
    const lost = new Set<number>();
    for (let from = 0; from < changes.length;) {
      const plan = planOf(changes[from]!);
      let to = from + 1;
      const end = Math.min(changes.length, from + MOST_CHANGES);
      while (to < end && planOf(changes[to]!) === plan) to++;
      const group = changes.slice(from, to);
      from = to;
      const [, ...tickets] = await this.#asking.ask({
        verb: "amend",
        key: key === undefined ? COMMON : columnOf(key),
        plan: plan ?? NO_PLAN,
        numbers: (cold) => [
          cold,
          group.some(makesRows),
          this.#options.durable,
          group.length,
          ...group.flatMap(changeNumbers),
        ],
      });
      for (const ticket of tickets) lost.add(ticket);
      this.#freed(key);
    }
    return [...lost];
  }

  async peek(ask: Ask, ahead: Costs | undefined): Promise<View> {
    const { key, plan } = ask;
    const [cost] = ask.costs as [Costs];
    const probes = probesOf(plan, cost, ahead);
    const reply = await this.#asking.ask({
      verb: "look",
      key: columnOf(key),
      plan,
      numbers: (cold) => [
        cold,
        this.#readsGate(),
        this.#gate,
        ...costsSent(plan, cost),
        ...probes.map((probe) => probed(probe)),
      ],
    });
    const [now, gate, until, own, rule] = reply as [number, number, number, number, number];
    this.#gate = gate;
    const decided = [now, earliestOf(until), earliestOf(own), ruleOf(plan, rule)] as const;
    const numbers = reply.slice(5).map(earliestOf);
    return viewOf(plan, cost, probes, decided, numbers, ahead !== undefined);
  }

  keys(): Promise<string[]> {
    return this.#asking.keys();
  }

  async close(): Promise<void> {
    this.#sweep.stop();
    const end = await this.#ended?.catch((error: unknown) => {
      throw failureOf(error, this.#options.schema, show(this.#scope.name));
    });
    await end?.();
  }

  /** The limiter's gate is read along when what is known of it is old. */
  #readsGate(): boolean {
    const now = this.#scope.clock.now();
    const isOld = now - this.#gateRead > this.#options.horizon / 2;
    if (isOld) this.#gateRead = now;
    return isOld;
  }

  #note(key: string, isRefused: boolean): void {
    if (!isRefused) {
      this.#refused.delete(key);
      return;
    }
    if (this.#refused.size >= MOST_REFUSED) this.#refused.clear();
    this.#refused.add(key);
  }

  #freed(key: string | undefined): void {
    if (key === undefined) this.#gateRead = Number.NEGATIVE_INFINITY;
    else this.#refused.delete(key);
  }
}

/** For changes that concern no limit. */
const NO_PLAN = { rules: [], hasShared: false, hasQuota: false, text: "" } as unknown as Plan;

function planOf(change: Change): Plan | undefined {
  return change.key === undefined || change.kind === "reset" ? undefined : change.plan;
}

/**
 * Whether all costs are the same, and taking many of them at one instant is the same as taking their
 * sum: not so of slots, whose tickets differ, and of costs that are rounded up one by one.
 */
function addUp({ rules }: Plan, [first, ...others]: readonly Costs[]): boolean {
  if (!first || others.length === 0) return false;
  if (others.some((each) => each.some((units, i) => units !== first[i]))) return false;
  return rules.every(({ kind, limit }, i) => {
    if (limit.kind === "parts") return Number.isInteger(first[i]! / limit.grain);
    return first[i] === 0 || (kind !== "concurrency" && Number.isInteger(first[i]));
  });
}

/** Costs of the rules that are sent. */
function costsSent(plan: Plan, costs: Costs): number[] {
  return planArgs(plan).sent.map((rule) => costs[rule]!);
}
