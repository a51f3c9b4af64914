/** Questions to the functions of the schema: sent with the plan's numbers, mended, and failures told. */

import type { Plan } from "../../limits/plan.ts";
import type { Scope } from "../store.ts";
import type { Connection } from "./client.ts";
import { failureOf, isJump, missingBorder } from "./failures.ts";
import { Gather, type Question } from "./gather.ts";
import { inSchema } from "./migrate.ts";
import { columnOf, textOf } from "./names.ts";
import { planArgs, type Reach } from "./plan-args.ts";

/** A function is asked again with more borders, or after the clock was set back, so often. */
const MOST_TRIES = 4;

/** A question to a function, but for the plan's own numbers. */
export interface Asked {
  readonly verb: "reserve" | "amend" | "look";
  /** As the column has it. */
  readonly key: string;
  readonly plan: Plan;
  /** What it takes besides; `cold` is from when a cold key counts as used, or 0. */
  readonly numbers: (cold: number) => readonly (number | boolean)[];
  /** How far ahead it may look, in microseconds. */
  readonly ahead?: number;
}

type Text = "amend" | "look" | "clock" | "keys" | "reset";

export class Asking {
  readonly limiter: string;
  readonly #connection: Connection;
  readonly #scope: Scope;
  readonly #schema: string;
  /** Told of what was freed; empty for nobody. */
  readonly #channel: string;
  readonly #texts: Readonly<Record<Text, string>>;
  readonly #gather: Gather;
  /** What has to be added to this process's clock for that of the server, about. */
  #ahead: number | undefined;
  #cold = 0;
  /** The opening by the server's clock, where it must be known. */
  #opened: Promise<number> | undefined;

  constructor(connection: Connection, scope: Scope, schema: string, channel: string) {
    this.#connection = connection;
    this.#scope = scope;
    this.#schema = schema;
    this.#channel = channel;
    this.limiter = columnOf(scope.name);
    this.#texts = textsFor(schema);
    this.#gather = new Gather(connection, schema, this.limiter);
    if (scope.start === "used") {
      this.#opened = this.now();
      this.#opened.catch(() => undefined);
    }
  }

  async now(): Promise<number> {
    return Number((await this.#call("clock", [], this.limiter))[0]);
  }

  async keys(): Promise<string[]> {
    const found = await this.#call("keys", [this.limiter], this.limiter);
    return found.map((key) => textOf(String(key)));
  }

  async resetAll(): Promise<void> {
    await this.#call("reset", [this.limiter, this.#channel], this.limiter);
  }

  /** The reply's numbers, of which the first is now. Mends what a function cannot go on with. */
  async ask({ verb, key, plan, numbers, ahead = 0 }: Asked): Promise<number[]> {
    await this.#prepare(plan);
    const sent = this.#scope.clock.now();
    const around: number[] = [];
    for (let tries = 1; ; tries++) {
      const now = this.#scope.clock.now() + (this.#ahead ?? 0);
      const reach = { from: Math.min(now, ...around), to: Math.max(now + ahead, ...around) };
      const question = [key, planArgs(plan).text(reach), arrayOf(numbers(this.#cold))] as const;
      try {
        const reply = (await this.#reply(verb, question, plan)).split(" ").map(Number);
        this.#ahead = reply[0]! - sent;
        return reply;
      } catch (error) {
        const { cause } = error as Error;
        const border = missingBorder(cause);
        if (tries >= MOST_TRIES || (border === undefined && !isJump(cause))) throw error;
        if (border === undefined) await this.#followClock(key, plan, reach);
        else around.push(border);
      }
    }
  }

  async #reply(verb: Asked["verb"], question: Question, plan: Plan): Promise<string> {
    if (verb === "reserve") {
      const asked = plan.hasShared ? this.#gather.askAlone(question) : this.#gather.ask(question);
      return asked.catch((error: unknown) => {
        throw failureOf(error, this.#schema, textOf(question[0]));
      });
    }
    const values = [this.limiter, ...question, ...(verb === "amend" ? [this.#channel] : [])];
    return String((await this.#call(verb, values, textOf(question[0])))[0]);
  }

  async #call(text: Text, values: string[], what: string): Promise<unknown[]> {
    try {
      return await this.#connection.ask(this.#texts[text], values);
    } catch (error) {
      throw failureOf(error, this.#schema, what);
    }
  }

  /** The server's clock was set back: what is there goes back with it. */
  async #followClock(key: string, plan: Plan, reach: Reach): Promise<void> {
    const values = [this.limiter, key, planArgs(plan).text(reach), "{0,0,0,0}", ""];
    await this.#call("amend", values, textOf(key));
  }

  /** What must be known before the first question, or again. */
  async #prepare(plan: Plan): Promise<void> {
    if (this.#opened !== undefined && this.#cold === 0) {
      const opened = this.#opened;
      // A failed reading is made again; the opening is then later than it was, which is safe.
      this.#cold = await opened.catch(() => (this.#opened = this.now()));
    }
    if (this.#ahead === undefined && plan.hasQuota) {
      const sent = this.#scope.clock.now();
      this.#ahead = (await this.now()) - sent;
    }
  }
}

function textsFor(schema: string): Record<Text, string> {
  const array = (n: number): string => `$${n}::text::float8[]`;
  const asked = (verb: string, more: string): string =>
    inSchema(`SELECT sluice.${verb}($1::text, $2::text, ${array(3)}, ${array(4)}${more})`, schema);
  return {
    amend: asked("amend", ", $5::text"),
    look: asked("look", ""),
    clock: inSchema("SELECT sluice.clock()", schema),
    keys: inSchema("SELECT sluice.keys($1::text)", schema),
    reset: inSchema("SELECT sluice.reset($1::text, $2::text)", schema),
  };
}

/** An array as PostgreSQL writes it. */
function arrayOf(numbers: readonly (number | boolean)[]): string {
  return `{${numbers.map(Number).join(",")}}`;
}
