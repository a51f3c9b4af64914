/**
 * Decisions on their way to the server. While as many calls are in flight as serve it well, newcomers
 * gather, and the next call takes many of them: one function call for each, in the order of their keys,
 * so that two such calls cannot wait for one another. None waits when nothing is in flight.
 */

import type { Connection } from "./client.ts";
import { inSchema } from "./migrate.ts";

/** Decisions in one call: its first row stays locked for less than five milliseconds. */
const MOST = 50;

/** One decision: the key, the plan's numbers and the question's. */
export type Question = readonly [key: string, plan: string, numbers: string];

interface Waiting {
  readonly question: Question;
  resolve(reply: string): void;
  reject(error: unknown): void;
}

export class Gather {
  readonly #connection: Connection;
  readonly #limiter: string;
  readonly #one: string;
  readonly #many: string;
  #waiting: Waiting[] = [];
  #underway = 0;
  #isDue = false;

  constructor(connection: Connection, schema: string, limiter: string) {
    this.#connection = connection;
    this.#limiter = limiter;
    this.#one = inSchema(
      "SELECT sluice.reserve($1::text, $2::text, $3::text::float8[], $4::text::float8[])",
      schema,
    );
    this.#many = inSchema(
      [
        "SELECT o.n || ' ' || sluice.reserve($1::text, o.k, o.p::float8[], o.a::float8[]) FROM (",
        'SELECT u.k COLLATE "C" AS k, u.p, u.a, u.n',
        "FROM unnest($2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS u(k, p, a, n)",
        "ORDER BY 1, 4) o",
      ].join(" "),
      schema,
    );
  }

  ask(question: Question): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ question, resolve, reject });
      if (this.#isDue) return;
      this.#isDue = true;
      queueMicrotask(() => {
        this.#isDue = false;
        this.#send();
      });
    });
  }

  /** By itself: who locks what all keys share may not hold other keys. */
  async askAlone(question: Question): Promise<string> {
    const [reply] = await this.#connection.ask(this.#one, [this.#limiter, ...question]);
    return String(reply);
  }

  #send(): void {
    while (this.#waiting.length > 0 && this.#underway < this.#connection.parallel) {
      const some = this.#waiting.splice(0, MOST);
      this.#underway++;
      const call = some.length === 1 ? this.#askEach(some) : this.#askAll(some);
      void call.finally(() => {
        this.#underway--;
        this.#send();
      });
    }
  }

  async #askAll(all: readonly Waiting[]): Promise<void> {
    const columns = [0, 1, 2].map((i) => textArray(all.map(({ question }) => question[i]!)));
    try {
      const replies = await this.#connection.ask(this.#many, [this.#limiter, ...columns]);
      for (const reply of replies) {
        const [n, rest] = split(String(reply));
        all[n - 1]!.resolve(rest);
      }
    } catch (error) {
      // One of them failed, and so nothing was written: each by itself will tell which.
      if (isStatementsFault(error)) return this.#askEach(all);
      for (const { reject } of all) reject(error);
    }
  }

  async #askEach(all: readonly Waiting[]): Promise<void> {
    for (const { question, resolve, reject } of all) {
      await this.askAlone(question).then(resolve, reject);
    }
  }
}

/** The server said so, and took all of it back; of a broken connection nothing is known. */
function isStatementsFault(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === "string" && /^(P0|2|40)[0-9A-Z]{3,4}$/.test(code);
}

function split(reply: string): [n: number, rest: string] {
  const space = reply.indexOf(" ");
  return [Number(reply.slice(0, space)), reply.slice(space + 1)];
}

/** An array of texts as PostgreSQL writes it. */
function textArray(texts: readonly string[]): string {
  return `{${texts.map((text) => `"${text.replace(/[\\"]/g, "\\$&")}"`).join(",")}}`;
}
