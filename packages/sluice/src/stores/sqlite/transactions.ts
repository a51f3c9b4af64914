/**
 * Transactions that do not wait in SQLite's own busy handler, which sleeps in growing steps and lets
 * single processes starve: short pauses of random length, and an error after 5 ms.
 */

import type { Clock } from "../../clock.ts";
import { SluiceError } from "../../errors.ts";
import { busy, closed, failureOf, isBusy, transactionOpen } from "./failures.ts";
import {
  inTransaction,
  isClosed,
  resetsBusyStatements,
  rollBack,
  type SqliteHandle,
} from "./handle.ts";

/** How long a decision tries, and how long it pauses between two attempts, in microseconds. */
const PATIENCE = 5_000;
const LEAST_PAUSE = 20;
const MOST_PAUSE = 200;
/** How long opening tries, which happens once, and when all processes of a fleet start together. */
export const OPENING_PATIENCE = 2_000_000;
/** In the time of one decision, for clocks that stand still. */
const MOST_TRIES = 200;
const MOST_SPINS = 10_000;

export class Transactions {
  readonly #handle: SqliteHandle;
  readonly #clock: Clock;
  readonly #begin: () => unknown;
  readonly #commit: () => unknown;
  /** Whether a single statement may write without a transaction around it. */
  readonly #single: boolean;
  #isLocked = false;

  constructor(handle: SqliteHandle, clock: Clock) {
    this.#handle = handle;
    this.#clock = clock;
    this.#single = resetsBusyStatements(handle);
    this.#begin = this.#verb("BEGIN IMMEDIATE");
    this.#commit = this.#verb("COMMIT");
  }

  /** Runs single statements, each of which is a transaction of its own; `write` those that write. */
  alone<T>(work: () => T): T {
    try {
      this.#check();
      return this.#patiently(work);
    } catch (error) {
      throw told(error);
    }
  }

  /** Runs `work` while nobody else writes; all of it happens, or nothing. */
  locked<T>(work: () => T, patience: number = PATIENCE): T {
    try {
      this.#check();
      this.#patiently(this.#begin, patience);
      try {
        this.#isLocked = true;
        const result = work();
        this.#patiently(this.#commit, patience);
        return result;
      } catch (error) {
        rollBack(this.#handle);
        throw error;
      } finally {
        this.#isLocked = false;
      }
    } catch (error) {
      throw told(error);
    }
  }

  /** Runs one statement that writes, within `alone` or `locked`. */
  write<T>(work: () => T): T {
    if (this.#single || this.#isLocked) return work();
    this.#begin();
    try {
      const result = work();
      this.#commit();
      return result;
    } catch (error) {
      rollBack(this.#handle);
      throw error;
    }
  }

  #verb(sql: string): () => unknown {
    if (!this.#single) return () => this.#handle.exec(sql);
    const statement = this.#handle.prepare(sql);
    return () => statement.run();
  }

  #check(): void {
    if (isClosed(this.#handle)) throw closed();
    if (inTransaction(this.#handle)) throw transactionOpen();
  }

  #patiently<T>(attempt: () => T, patience = PATIENCE): T {
    const started = this.#clock.now();
    const most = (MOST_TRIES * patience) / PATIENCE;
    for (let tries = 1; ; tries++) {
      try {
        return attempt();
      } catch (error) {
        if (!isBusy(error)) throw error;
        if (tries === most || this.#clock.now() - started > patience) {
          throw busy(error, patience / 1e3);
        }
      }
      this.#pause();
    }
  }

  /** Spins: a timer is a millisecond, and the lock is held for a tenth of that. */
  #pause(): void {
    const end = this.#clock.now() + LEAST_PAUSE + Math.random() * (MOST_PAUSE - LEAST_PAUSE);
    for (let i = 0; i < MOST_SPINS && this.#clock.now() < end; i++);
  }
}

function told(error: unknown): SluiceError {
  return error instanceof SluiceError ? error : failureOf(error);
}
