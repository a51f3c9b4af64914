/** Questions to the functions of the schema: sent with the plan's numbers, mended, and failures told. */

import type { Plan } from "../../limits/plan.ts";
import { show } from "../../time.ts";
import type { Scope } from "../store.ts";
import type { Connection } from "./client.ts";
import { failureOf } from "./failures.ts";
import { Gather, type Question } from "./gather.ts";
import { checkVersion, inSchema } from "./migrate.ts";
import { columnOf, COMMON, textOf } from "./names.ts";
import type { Reach } from "../remote/plan-numbers.ts";
import { ServerClock } from "../remote/server-clock.ts";
import { planArgs } from "./plan-args.ts";

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
  readonly #server: ServerClock;
  /** Of the schema; asked for once, and again after a failure. */
  #version: Promise<void> | undefined;
  #isChecked = false;

  constructor(connection: Connection, scope: Scope, schema: string, channel: string) {
    this.#connection = connection;
    this.#scope = scope;
    this.#schema = schema;
    this.#channel = channel;
    this.limiter = columnOf(scope.name);
    this.#texts = textsFor(schema);
    this.#gather = new Gather(connection, schema, this.limiter);
    this.#server = new ServerClock(scope, () => this.now());
  }

  async now(): Promise<number> {
    return Number((await this.#call("clock", [], COMMON))[0]);
  }

  async keys(): Promise<string[]> {
    const found = await this.#call("keys", [this.limiter], COMMON);
    return found.map((key) => textOf(String(key)));
  }

  async resetAll(): Promise<void> {
    await this.#call("reset", [this.limiter, this.#channel], COMMON);
  }

  /** The reply's numbers, of which the first is now. Mends what a function cannot go on with. */
  async ask({ verb, key, plan, numbers, ahead = 0 }: Asked): Promise<number[]> {
    if (!this.#isChecked) await this.#check();
    if (!this.#server.isReady) await this.#server.prepare(plan);
    const sent = this.#scope.clock.now();
    const reply = await this.#server.ask({
      ahead,
      ask: (reach) => {
        const question = [
          key,
          planArgs(plan).text(reach),
          arrayOf(numbers(this.#server.cold)),
        ] as const;
        return this.#reply(verb, question, plan);
      },
      followClock: (reach) => this.#followClock(key, plan, reach),
    });
    const told = reply.split(" ").map(Number);
    this.#server.heard(told[0]!, sent);
    return told;
  }

  async #check(): Promise<void> {
    this.#version ??= checkVersion(this.#connection, this.#schema);
    try {
      await this.#version;
      this.#isChecked = true;
    } catch (error) {
      this.#version = undefined;
      throw failureOf(error, this.#schema, this.#what(COMMON));
    }
  }

  async #reply(verb: Asked["verb"], question: Question, plan: Plan): Promise<string> {
    if (verb === "reserve") {
      const asked = plan.hasShared ? this.#gather.askAlone(question) : this.#gather.ask(question);
      return asked.catch((error: unknown) => {
        throw failureOf(error, this.#schema, this.#what(question[0]));
      });
    }
    const values = [this.limiter, ...question, ...(verb === "amend" ? [this.#channel] : [])];
    return String((await this.#call(verb, values, question[0]))[0]);
  }

  async #call(text: Text, values: string[], key: string): Promise<unknown[]> {
    try {
      return await this.#connection.ask(this.#texts[text], values);
    } catch (error) {
      throw failureOf(error, this.#schema, this.#what(key));
    }
  }

  /** What a failed question was about, for its message. */
  #what(key: string): string {
    const limiter = show(textOf(this.limiter));
    return key === COMMON ? limiter : `the key ${show(textOf(key))} of ${limiter}`;
  }

  /** The server's clock was set back: what is there goes back with it. */
  async #followClock(key: string, plan: Plan, reach: Reach): Promise<void> {
    const values = [this.limiter, key, planArgs(plan).text(reach), "{0,0,0,0}", ""];
    await this.#call("amend", values, key);
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
