/** Decisions in the file: read, decide by the pure functions, write what was admitted. */

import type { Costs } from "../../costs.ts";
import type { Moment } from "../../limits/limit.ts";
import { BlankAnswer } from "../blank.ts";
import type { Answer, Ask, Change, Ledger, Scope, View } from "../store.ts";
import { Amendment } from "./amendment.ts";
import type { SqliteHandle } from "./handle.ts";
import { HostClock } from "./host-clock.ts";
import { type BothRows, Rows } from "./rows.ts";
import type { Statements } from "./schema.ts";
import { Step } from "./step.ts";
import { Sweep } from "./sweep.ts";
import { OPENING_PATIENCE, Transactions } from "./transactions.ts";
import { viewOf } from "./view.ts";

/** A clock that was set back by no more than this stands still until it has caught up. */
const JUMP = 1_000_000;

/** `admissible`: nothing is written, because it takes a transaction. */
type Outcome = "admitted" | "admissible" | "refused" | "conflict";

export class SqliteLedger implements Ledger<true> {
  readonly sync = true;
  readonly #sql: Statements;
  readonly #clock: HostClock;
  readonly #transactions: Transactions;
  readonly #rows: Rows;
  readonly #sweep: Sweep;
  /** The moment from which cold keys count as used; absent when they start full. */
  readonly #used: Moment | undefined;
  readonly #answer = new BlankAnswer();
  #last = 0;

  constructor(handle: SqliteHandle, sql: Statements, scope: Scope) {
    this.#sql = sql;
    this.#clock = new HostClock(scope.clock);
    this.#transactions = new Transactions(handle, scope.clock);
    this.#rows = this.#transactions.locked(() => new Rows(sql, scope.name), OPENING_PATIENCE);
    const now = this.now();
    this.#used = scope.start === "used" ? { now, wall: now, since: now } : undefined;
    this.#sweep = new Sweep(scope.clock, sql, this.#transactions, () => this.now());
  }

  now(): number {
    const reading = this.#clock.now();
    if (reading > this.#last || reading < this.#last - JUMP) this.#last = reading;
    return this.#last;
  }

  reserve(ask: Ask): Answer {
    // Most decisions need no lock: a refusal writes nothing, and one short row is swapped by its version.
    if (this.#transactions.alone(() => this.#answerAlone(ask))) return this.#answer;
    try {
      return this.#transactions.locked(() => this.#decide(ask));
    } catch (error) {
      this.#rows.forgetAll();
      throw error;
    }
  }

  amend(changes: readonly Change[]): readonly number[] {
    try {
      return this.#transactions.locked(() => {
        const { budget } = this.#rows;
        return new Amendment(this.#rows, this.#sql, budget, this.now(), this.#used).apply(changes);
      });
    } catch (error) {
      this.#rows.forgetAll();
      throw error;
    }
  }

  peek(ask: Ask, ahead: Costs | undefined): View {
    return this.#transactions.alone(() => {
      const rows = this.#rows.readBoth(JSON.stringify(ask.key));
      return viewOf(this.#step(rows, ask), ask, ahead);
    });
  }

  keys(): string[] {
    const rows = this.#transactions.alone(() => this.#sql.keys.all(this.#rows.budget, this.now()));
    return rows.map((row) => JSON.parse((row as { key: string }).key) as string);
  }

  close(): void {
    this.#sweep.stop();
  }

  #step({ key, root }: BothRows, ask: Ask): Step {
    const now = this.now();
    return new Step(key, root, ask.plan, { now, since: ask.since }, this.#used);
  }

  /** False when it takes a transaction, or somebody else was faster. */
  #answerAlone(ask: Ask): boolean {
    const key = JSON.stringify(ask.key);
    const known = this.#recall(key, ask);
    if (known) {
      const outcome = this.#try(known, ask, false);
      if (outcome === "admitted") return true;
      if (outcome === "admissible") return false;
      // Whether the rows are still like this is found out by writing, so a refusal reads them.
    }
    const outcome = this.#try(this.#rows.readBoth(key), ask, false);
    return outcome === "admitted" || outcome === "refused";
  }

  /** Within a transaction. */
  #decide(ask: Ask): Answer {
    const key = JSON.stringify(ask.key);
    const known = this.#recall(key, ask);
    if (known && this.#try(known, ask, true) === "admitted") return this.#answer;
    const rows = this.#rows.readBoth(key);
    const step = this.#step(rows, ask);
    step.reserve(ask, this.#answer, () => this.#nextTicket(step), false);
    for (const row of [rows.key, rows.root]) {
      if (row.changed) this.#rows.write(row, step.moment);
    }
    this.#rows.remember(rows);
    return this.#answer;
  }

  /** Two rows are not remembered together. */
  #recall(key: string, ask: Ask): BothRows | undefined {
    return ask.plan.hasShared ? undefined : this.#rows.recall(key);
  }

  /** Decides, and writes if one statement does it, or `within` a transaction several. */
  #try(rows: BothRows, ask: Ask, within: boolean): Outcome {
    let clean = false;
    try {
      const step = this.#step(rows, ask);
      if (step.changed) return "conflict";
      const dry = ask.plan.hasShared || !this.#rows.isSwap(rows.key, unitsOf(ask), within);
      step.reserve(ask, this.#answer, () => this.#nextTicket(step), dry);
      clean = dry || this.#answer.admitted === 0;
      if (clean) return dry && this.#answer.admitted > 0 ? "admissible" : "refused";
      clean =
        this.#rows.isSwap(rows.key, 0, within) &&
        this.#transactions.write(() => this.#rows.swap(rows, step.moment));
      return clean ? "admitted" : "conflict";
    } finally {
      if (!clean || rows.key.shape === undefined) this.#rows.forget(rows);
    }
  }

  /** Above all that the key, or the limiter of which it holds slots, has given before. */
  #nextTicket(step: Step): number {
    const shared = step.root.rules.length > 0 ? step.root.row.ticket : 0;
    const newest = Math.max(step.key.row.ticket, shared);
    return (newest === 0 ? this.#firstTicket(step.moment.now) : newest) + 1;
  }

  /** A key that was forgotten goes on above its old tickets. */
  #firstTicket(now: number): number {
    return Math.max(now, this.#rows.lastForgotten());
  }
}

/** How many numbers of a window its admissions change at the most. */
function unitsOf({ costs }: Ask): number {
  let units = 0;
  for (const cost of costs) units += Math.max(0, ...cost);
  return units;
}
