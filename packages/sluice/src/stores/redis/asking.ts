/** Calls of scripts for one limiter: what they must know of the server's time and the limiter's gate. */

import { StoreUnavailableError } from "../../errors.ts";
import type { Plan } from "../../limits/plan.ts";
import type { Scope } from "../store.ts";
import type { Call, Connection } from "./client.ts";
import type { Reach } from "../remote/plan-numbers.ts";
import { ServerClock } from "../remote/server-clock.ts";
import { failureOf } from "./failures.ts";
import { ForeignPeriods } from "./foreign-periods.ts";
import type { Names } from "./names.ts";
import { planArgs } from "./plan-args.ts";
import { runScript, scriptFor, type Verb } from "./scripts.ts";

/** A question to a script, but for the plan's own arguments. */
export interface Question {
  readonly verb: Verb;
  readonly key: string | undefined;
  readonly plan: Plan;
  readonly args: () => string[];
  /** How far ahead it may look, in microseconds. */
  readonly ahead?: number;
}

export class Asking {
  readonly connection: Connection;
  readonly #names: Names;
  readonly #scope: Scope;
  readonly #horizon: number;
  readonly #server: ServerClock;
  readonly #foreign = new ForeignPeriods();
  /** The limiter's gate, and when it was read, on this process's clock. */
  gate = 0;
  #gateRead = Number.NEGATIVE_INFINITY;
  /** The server's clock when it was last heard of. */
  last = 0;

  constructor(connection: Connection, names: Names, scope: Scope, horizon: number) {
    this.connection = connection;
    this.#names = names;
    this.#scope = scope;
    this.#horizon = horizon;
    this.#server = new ServerClock(scope, () => this.now());
  }

  async now(): Promise<number> {
    const call = { keys: [this.#names.limiter], args: ["0", "0", "0", "0"] };
    const [now] = await this.call("look", "", call, this.#names.limiter);
    return now!;
  }

  /** Whether nothing must be asked or sent besides the key's own. */
  isPlain(sent: number): boolean {
    if (!this.#server.isReady) return false;
    // The server's clock is not before its last reading, so a gate that was open then still is.
    return sent - this.#gateRead <= this.#horizon / 2 && this.gate <= this.last;
  }

  /** What an answer tells besides. */
  heard(now: number, gate: number, sent: number): void {
    this.#server.heard(now, sent);
    this.last = now;
    this.gate = gate;
  }

  /** The gate of the limiter may be another one now. */
  forgetGate(): void {
    this.#gateRead = Number.NEGATIVE_INFINITY;
  }

  /** Asks with the plan's arguments before the question's own; mends what a script cannot go on with. */
  async ask(question: Question): Promise<number[]> {
    const { key, plan, verb } = question;
    const rows = this.#rows(key, plan, verb);
    const sent = planArgs(plan);
    await this.#server.prepare(plan);
    if (rows.length === 1 && verb !== "amend" && key !== undefined) await this.#knowGate();
    const call = (asked: Verb, reach: Reach, more: string[]): Promise<number[]> => {
      const foreign = this.#foreign.args(plan, reach);
      const args = [String(this.#server.cold), ...sent.args(reach), ...foreign, ...more];
      return this.call(asked, sent.kinds, { keys: rows, args }, rows[0]!);
    };
    return this.#server.ask({
      ahead: question.ahead ?? 0,
      ask: (reach) =>
        call(verb, reach, question.args()).catch((error: unknown) => {
          this.forgetGate();
          throw error;
        }),
      learn: (cause) => this.#foreign.learn(cause),
      followClock: (reach) => call("amend", reach, ["", "", "0"]),
    });
  }

  async call(verb: Verb, kinds: string, call: Call, row: string): Promise<number[]> {
    let reply: unknown;
    try {
      reply = await runScript(this.connection, scriptFor(verb, kinds), call, same, rethrow);
    } catch (error) {
      throw failureOf(error, row);
    }
    if (!Array.isArray(reply)) {
      throw new StoreUnavailableError(
        `Redis answered ${String(reply)}, where a list of numbers was due; use the client outside of MULTI, and without a mock.`,
      );
    }
    return reply.map(Number);
  }

  /** Reads the limiter's gate when what is known of it is old. */
  async #knowGate(): Promise<void> {
    const age = this.#scope.clock.now() - this.#gateRead;
    if (age > this.#horizon) await this.#readGate();
    else if (age > this.#horizon / 2) this.#readGate().catch(() => undefined);
  }

  async #readGate(): Promise<void> {
    const read = this.#scope.clock.now();
    const { limiter } = this.#names;
    const call = { keys: [limiter, limiter], args: ["0", "0", "0", "0"] };
    const [, gate] = await this.call("look", "", call, limiter);
    this.gate = gate!;
    this.#gateRead = read;
  }

  /** The row of the key, and that of the limiter where it is needed or costs no call of its own. */
  #rows(key: string | undefined, plan: Plan, verb: Verb): string[] {
    const { limiter } = this.#names;
    if (key === undefined) return [limiter];
    const row = this.#names.row(key, plan.hasShared);
    if (plan.hasShared) return [row, limiter];
    const isStale = this.#scope.clock.now() - this.#gateRead > this.#horizon / 2;
    if (!isStale || verb === "amend" || this.connection.isCluster) return [row];
    this.#gateRead = this.#scope.clock.now();
    return [row, limiter];
  }
}

const same = (reply: unknown): unknown => reply;

const rethrow = (error: unknown): never => {
  throw error;
};
