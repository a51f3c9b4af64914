/** Removes the rows of dead keys, a few at a time, while the limiter is at work. */

import type { Connection } from "./client.ts";
import { inSchema } from "./migrate.ts";

/** Rows that are looked at in one go, at the least. */
const LEAST_ROWS = 1000;
/** It looks at so many rows for each ask, so that it keeps up with keys that are new every time. */
const ROWS_PER_ASK = 2;
/** Microseconds between two goes. */
const EVERY = 5_000_000;

export class Sweep {
  readonly #connection: Connection;
  readonly #text: string;
  readonly #limiter: string;
  /** Where to go on; null at the start of the keys. */
  #from: string | null = null;
  #asks = 0;
  #due = 0;
  #isStopped = false;

  constructor(connection: Connection, schema: string, limiter: string) {
    this.#connection = connection;
    this.#text = inSchema(
      "SELECT sluice.sweep($1::text, nullif($2::text, '%'), $3::text::int)",
      schema,
    );
    this.#limiter = limiter;
  }

  /** Somebody has asked, at `now` on this process's clock. */
  asked(now: number): void {
    this.#asks++;
    if (this.#isStopped || now < this.#due) return;
    const isFirst = this.#due === 0;
    this.#due = now + EVERY;
    if (isFirst) return;
    const rows = Math.max(LEAST_ROWS, ROWS_PER_ASK * this.#asks);
    this.#asks = 0;
    // Nobody waits for it; what failed is tried again with the next.
    void this.#go(rows).catch(() => undefined);
  }

  stop(): void {
    this.#isStopped = true;
  }

  async #go(rows: number): Promise<void> {
    const values = [this.#limiter, this.#from ?? "%", String(rows)];
    const [last] = await this.#connection.ask(this.#text, values);
    this.#from = typeof last === "string" ? last : null;
  }
}
