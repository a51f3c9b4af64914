/** One limiter's budget in Redis: each decision is one call of a script. */

import type { Clock } from "../../clock.ts";
import type { Costs } from "../../costs.ts";
import type { Plan } from "../../limits/plan.ts";
import type { Answer, Ask, Change, Ledger, Scope, View } from "../store.ts";
import { Asking } from "./asking.ts";
import { changeArgs } from "./change-args.ts";
import { type Connection, listen, type RedisSubscriber } from "./client.ts";
import { failureOf } from "./failures.ts";
import { probed, probesOf, viewOf } from "../remote/looking.ts";
import { answerOf, earliestOf, ruleOf } from "../remote/replies.ts";
import { type Names, namesOf } from "./names.ts";
import { areSame, costArgs, planArgs, type Quick } from "./plan-args.ts";
import { answerAt, answerOfSame } from "./replies.ts";
import { runScript, scriptFor } from "./scripts.ts";

/** A clock that went back stands still for so long at the most: see row.lua. */
const STILL = 1e6;
/** For so many asks a plan's quick script is not tried after a key that it could not serve. */
const QUICK_PAUSE = 64;
/** How many rows are reset at a time. */
const CHUNK = 500;

export interface LedgerOptions {
  readonly prefix: string;
  /** Microseconds in which a gate that another process set is heard of. */
  readonly horizon: number;
  readonly subscriber: RedisSubscriber | undefined;
}

export class RedisLedger implements Ledger<false> {
  readonly sync = false;
  readonly notifies: boolean;
  readonly #asking: Asking;
  readonly #names: Names;
  readonly #clock: Clock;
  /** When keys were reset last, on this process's clock. */
  #resetAt = Number.NEGATIVE_INFINITY;
  #marks = 0;
  readonly #mark: string = crypto.randomUUID();
  readonly #ended: Promise<() => Promise<void>> | undefined;

  constructor(connection: Connection, scope: Scope, options: LedgerOptions) {
    this.#clock = scope.clock;
    this.#names = namesOf(options.prefix, scope.name);
    this.#asking = new Asking(connection, this.#names, scope, options.horizon);
    this.notifies = options.subscriber !== undefined;
    if (options.subscriber) {
      this.#ended = listen(options.subscriber, this.#channel, () => {
        this.#asking.forgetGate();
        scope.onFreed();
      });
      // A failure is told by `close`, and until then the limiter looks again by itself.
      this.#ended.catch(() => undefined);
    }
  }

  now(): Promise<number> {
    return this.#asking.now();
  }

  reserve(ask: Ask): Promise<Answer> {
    const { quick } = planArgs(ask.plan);
    const sent = this.#clock.now();
    return quick && this.#suits(quick, ask, sent)
      ? this.#reserveQuick(ask, quick, sent)
      : this.#reserve(ask, sent);
  }

  async #reserve(ask: Ask, sent: number): Promise<Answer> {
    const { key, plan, costs, maxWait, notBefore = 0, since } = ask;
    const same = areSame(plan, costs);
    const reply = await this.#asking.ask({
      verb: "reserve",
      key,
      plan,
      ahead: maxWait,
      args: () => [
        String(this.#asking.gate),
        String(maxWait),
        String(notBefore),
        since === undefined ? "-1" : String(since),
        String(same ? -costs.length : costs.length),
        ...costArgs(plan, same ? costs.slice(0, 1) : costs),
      ],
    });
    this.#asking.heard(reply[0]!, reply[2]!, sent);
    return same ? answerOfSame(plan, costs, reply) : answerOf(plan, costs.length, reply);
  }

  /** Whether the script for one ask, that knows of nothing else, will do. */
  #suits(quick: Quick, { costs, since, notBefore = 0 }: Ask, sent: number): boolean {
    if (costs.length !== 1 || since !== undefined || costs[0]![0] === 0) return false;
    if (costs[0]![0]! > quick.most) return false;
    if (!this.#asking.isPlain(sent) || notBefore > this.#asking.last) return false;
    // Whoever has forgotten a ticket would give it again while the server's clock stands still.
    if (sent - this.#resetAt < STILL) return false;
    if (quick.pause === 0) return true;
    quick.pause--;
    return false;
  }

  #reserveQuick(ask: Ask, quick: Quick, sent: number): Promise<Answer> {
    const { key, plan, costs, maxWait } = ask;
    const keys = [this.#names.row(key, false)];
    return runScript(
      this.#asking.connection,
      (quick.script ??= scriptFor("quick", quick.kind)),
      { keys, args: quick.args(costs[0]![0]!, maxWait) },
      (reply) => {
        if (Number(reply) === 0) {
          quick.pause = QUICK_PAUSE;
          return this.#reserve(ask, sent);
        }
        const answer = Array.isArray(reply)
          ? answerOf(plan, 1, reply.map(Number))
          : answerAt(Number(reply));
        this.#asking.last = answer.now;
        return answer;
      },
      (error) => {
        throw failureOf(error, keys[0]!);
      },
    );
  }

  async amend(changes: readonly Change[]): Promise<readonly number[]> {
    const byKey = new Map<string | undefined, Change[]>();
    for (const change of changes) {
      if (change.kind === "reset") {
        await (change.key === undefined ? this.#resetAll() : this.#reset(change.key));
        continue;
      }
      const others = byKey.get(change.key);
      if (others) others.push(change);
      else byKey.set(change.key, [change]);
    }
    const lost = await Promise.all([...byKey].map(([key, each]) => this.#amendKey(key, each)));
    return lost.flat();
  }

  async #amendKey(key: string | undefined, changes: readonly Change[]): Promise<number[]> {
    const lost = new Set<number>();
    for (const group of byPlan(changes)) {
      const marks = group.map(() => this.#nextMark());
      const [, ...tickets] = await this.#asking.ask({
        verb: "amend",
        key,
        plan: planOf(group[0]!),
        args: () => [
          this.#channel,
          key ?? "",
          String(group.length),
          ...group.flatMap((change, i) => changeArgs(change, marks[i]!)),
        ],
      });
      for (const ticket of tickets) lost.add(ticket);
      if (key === undefined) this.#asking.forgetGate();
    }
    return [...lost];
  }

  async peek(ask: Ask, ahead: Costs | undefined): Promise<View> {
    const { key, plan } = ask;
    const [cost] = ask.costs as [Costs];
    const probes = probesOf(plan, cost, ahead);
    const sent = this.#clock.now();
    const reply = await this.#asking.ask({
      verb: "look",
      key,
      plan,
      args: () => [
        String(this.#asking.gate),
        ...costArgs(plan, [cost]),
        ...probes.map((probe) => String(probed(probe))),
      ],
    });
    const [now, gate, until, own, rule] = reply as [number, number, number, number, number];
    this.#asking.heard(now, gate, sent);
    const decided = [now, earliestOf(until), earliestOf(own), ruleOf(plan, rule)] as const;
    const found = reply.slice(5).map(earliestOf);
    return viewOf(plan, cost, probes, decided, found, ahead !== undefined);
  }

  async keys(): Promise<string[]> {
    const found = new Set<string>();
    const { connection } = this.#asking;
    const { keyPrefix } = connection;
    try {
      for (const pattern of this.#names.patterns) {
        const whole = keyPrefix.replace(/[*?[\]\\]/g, "\\$&") + pattern;
        for await (const rows of connection.scan(whole)) {
          for (const row of rows) {
            const key = this.#names.keyOf(row.slice(keyPrefix.length));
            if (key !== undefined) found.add(key);
          }
        }
      }
    } catch (error) {
      throw failureOf(error, this.#names.limiter);
    }
    return [...found];
  }

  async close(): Promise<void> {
    try {
      const end = await this.#ended;
      await end?.();
    } catch (error) {
      throw failureOf(error, this.#names.limiter);
    }
  }

  /** A reset has no plan, which would say how the row is called: so under both of its names. */
  async #reset(key: string | undefined): Promise<void> {
    const { limiter } = this.#names;
    this.#resetAt = this.#clock.now();
    const rows =
      key === undefined ? [limiter] : [this.#names.row(key, true), this.#names.row(key, false)];
    await Promise.all(
      rows.map((row) => {
        const args = ["0", "0", "0", this.#channel, key ?? "", "1", "reset", this.#nextMark()];
        return this.#asking.call("amend", "", { keys: [row], args }, row);
      }),
    );
    if (key === undefined) this.#asking.forgetGate();
  }

  async #resetAll(): Promise<void> {
    const keys = await this.keys();
    for (let i = 0; i < keys.length; i += CHUNK) {
      await Promise.all(keys.slice(i, i + CHUNK).map((key) => this.#reset(key)));
    }
    await this.#reset(undefined);
  }

  /** Where what was freed is told. */
  get #channel(): string {
    return this.#asking.connection.keyPrefix + this.#names.limiter;
  }

  /** Names a change that has no ticket. */
  #nextMark(): string {
    return `n${this.#mark}:${this.#marks++}`;
  }
}

/** For changes that concern no limit. */
const NO_PLAN = { rules: [], hasShared: false, hasQuota: false } as unknown as Plan;

function planOf(change: Change): Plan {
  return change.key === undefined || change.kind === "reset" ? NO_PLAN : change.plan;
}

/** Changes of one plan travel together. */
function byPlan(changes: readonly Change[]): Change[][] {
  const groups: Change[][] = [];
  for (const change of changes) {
    const group = groups.at(-1);
    if (group && planOf(group[0]!) === planOf(change)) group.push(change);
    else groups.push([change]);
  }
  return groups;
}
