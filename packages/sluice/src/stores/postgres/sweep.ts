/**
 * Removes the rows of dead keys, a few at a time, while the limiter is at work: its own, and then those
 * of all others, for a limiter that nobody opens any more has nobody else.
 */

import type { Connection } from "./client.ts";
import { inSchema } from "./migrate.ts";

/** Rows that are looked at in one call: who comes back to a dead key waits for no more than these. */
const ROWS = 1000;
/** It looks at so many rows for each ask, so that it keeps up with keys that are new every time. */
const ROWS_PER_ASK = 2;
/** Microseconds between two goes. */
const EVERY = 5_000_000;

export class Sweep {
  readonly #connection: Connection;
  readonly #text: string;
  /** Where to go on. */
  #from: readonly [limiter: string, key: string];
  #asks = 0;
  #due = 0;
  #isStopped = false;

  constructor(connection: Connection, schema: string, limiter: string) {
    this.#connection = connection;
    this.#text = inSchema("SELECT sluice.sweep($1::text, $2::text, $3::text::int)", schema);
    this.#from = [limiter, ""];
  }

  /** Somebody has asked, at `now` on this process's clock. */
  asked(now: number): void {
    this.#asks++;
    if (this.#isStopped || now < this.#due) return;
    const isFirst = this.#due === 0;
    this.#due = now + EVERY;
    if (isFirst) return;
    const rows = Math.max(ROWS, ROWS_PER_ASK * this.#asks);
    this.#asks = 0;
    // Nobody waits for it; what failed is tried again with the next.
    void this.#go(rows).catch(() => undefined);
  }

  stop(): void {
    this.#isStopped = true;
  }

  async #go(rows: number): Promise<void> {
    for (let left = rows; left > 0 && !this.#isStopped; left -= ROWS) {
      const [limiter, key] = await this.#connection.ask(this.#text, [...this.#from, String(ROWS)]);
      this.#from = limiter === undefined ? ["", ""] : [String(limiter), String(key)];
      if (limiter === undefined) return;
    }
  }
}
