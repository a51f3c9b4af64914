/** Forgets rows that equal empty ones, so that the file does not grow with every key ever seen. */

import type { Clock } from "../../clock.ts";
import type { Statements } from "./schema.ts";
import type { Transactions } from "./transactions.ts";

/** Between two passes, with jitter: every process sweeps. */
const LEAST_MS = 30_000;
/** Rows between two of which others may write. */
const SLICE = 256;

interface IdleRow {
  readonly id: number;
  readonly idle: number;
}

export class Sweep {
  readonly #clock: Clock;
  readonly #sql: Statements;
  readonly #transactions: Transactions;
  readonly #now: () => number;
  #cancel: () => void;
  /** The pass has come so far. */
  #after = 0;

  constructor(clock: Clock, sql: Statements, transactions: Transactions, now: () => number) {
    this.#clock = clock;
    this.#sql = sql;
    this.#transactions = transactions;
    this.#now = now;
    this.#cancel = this.#arm();
  }

  stop(): void {
    this.#cancel();
  }

  #arm(): () => void {
    // Slices of one pass follow soon, passes after a while.
    const ms = this.#after > 0 ? 5 : LEAST_MS * (1 + Math.random());
    return this.#clock.setTimer(ms, this.#run, true);
  }

  readonly #run = (): void => {
    try {
      this.#slice();
    } catch {
      // A file that is busy or gone: whoever decides next hears of it, and a timer has no caller.
      this.#after = 0;
    }
    this.#cancel = this.#arm();
  };

  #slice(): void {
    const seen = this.#transactions.alone(() => this.#sql.idleRows.all(this.#after, SLICE));
    const rows = seen as IdleRow[];
    this.#after = rows.length < SLICE ? 0 : Number(rows.at(-1)!.id);
    const now = this.#now();
    if (rows.some(({ idle }) => Number(idle) <= now)) {
      this.#transactions.locked(() => rows.forEach((row) => this.#drop(Number(row.id), now)));
    }
  }

  /** Unless it was used in the meantime. */
  #drop(id: number, now: number): void {
    const row = this.#sql.idleRow.get(id, now) as
      | { readonly budget: number; readonly ticket: number }
      | undefined;
    if (!row) return;
    this.#sql.raiseTicket.run(Number(row.ticket), Number(row.budget));
    this.#sql.dropChunks.run(id);
    this.#sql.dropRow.run(id);
  }
}
