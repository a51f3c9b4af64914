/** Calls of scripts for one limiter: what they must know of the server's time and the limiter's gate. */

import { StoreUnavailableError } from "../../errors.ts";
import type { Plan } from "../../limits/plan.ts";
import type { Scope } from "../store.ts";
import type { Call, Connection } from "./client.ts";
import { failureOf, isJump, missingBorder } from "./failures.ts";
import type { Names } from "./names.ts";
import { planArgs, type Reach } from "./plan-args.ts";
import { runScript, scriptFor, type Verb } from "./scripts.ts";

/** A script is asked again with more borders, or after the clock was set back, so often. */
const MOST_TRIES = 4;

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
  /** What has to be added to this process's clock for that of the server, about. */
  #ahead: number | undefined;
  /** From when a cold key counts as used, by the server's clock; 0 when it starts full. */
  #cold = 0;
  /** The opening by the server's clock, where it must be known. */
  #opened: Promise<number> | undefined;
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
    if (scope.start === "full") return;
    this.#opened = this.now();
    this.#opened.catch(() => undefined);
  }

  async now(): Promise<number> {
    const call = { keys: [this.#names.limiter], args: ["0", "0", "0", "0"] };
    const [now] = await this.call("look", "", call, this.#names.limiter);
    return now!;
  }

  /** Whether nothing must be asked or sent besides the key's own. */
  isPlain(sent: number): boolean {
    if (this.#opened !== undefined || this.#ahead === undefined) return false;
    // The server's clock is not before its last reading, so a gate that was open then still is.
    return sent - this.#gateRead <= this.#horizon / 2 && this.gate <= this.last;
  }

  /** What an answer tells besides. */
  heard(now: number, gate: number, sent: number): void {
    this.#ahead = now - sent;
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
    await this.#prepare(plan, rows.length > 1 || verb === "amend" || key === undefined);
    const around: number[] = [];
    for (let tries = 1; ; tries++) {
      const reach = this.#reach(question.ahead ?? 0, around);
      const args = [String(this.#cold), ...sent.args(reach), ...question.args()];
      try {
        return await this.call(verb, sent.kinds, { keys: rows, args }, rows[0]!);
      } catch (error) {
        const border = missingBorder((error as Error).cause ?? error);
        this.forgetGate();
        if (tries >= MOST_TRIES || (border === undefined && !isJump((error as Error).cause))) {
          throw error;
        }
        if (border === undefined) await this.#followClock(rows, plan, reach);
        else around.push(border);
      }
    }
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

  /** The server's clock was set back: what is there goes back with it. */
  async #followClock(rows: string[], plan: Plan, reach: Reach): Promise<void> {
    const sent = planArgs(plan);
    const args = [String(this.#cold), ...sent.args(reach), "", "", "0"];
    await this.call("amend", sent.kinds, { keys: rows, args }, rows[0]!);
  }

  /** What must be known before the first question, or again. */
  async #prepare(plan: Plan, needsNoGate: boolean): Promise<void> {
    if (this.#opened !== undefined && this.#cold === 0) {
      const opened = this.#opened;
      // A failed reading is made again; the opening is then later than it was, which is safe.
      this.#cold = await opened.catch(() => (this.#opened = this.now()));
    }
    if (this.#ahead === undefined && plan.hasQuota) {
      const sent = this.#scope.clock.now();
      this.#ahead = (await this.now()) - sent;
    }
    if (needsNoGate) return;
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

  /** Around the server's present, and the instants whose periods were missing. */
  #reach(ahead: number, around: readonly number[]): Reach {
    const now = this.#scope.clock.now() + (this.#ahead ?? 0);
    return { from: Math.min(now, ...around), to: Math.max(now + ahead, ...around) };
  }
}

const same = (reply: unknown): unknown => reply;

const rethrow = (error: unknown): never => {
  throw error;
};
