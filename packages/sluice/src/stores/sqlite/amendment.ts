/** Changes to what was reserved, all within one transaction. */

import type { Moment } from "../../limits/limit.ts";
import type { Plan } from "../../limits/plan.ts";
import type { Change } from "../store.ts";
import { bind } from "./binding.ts";
import type { Row } from "./row.ts";
import type { Rows } from "./rows.ts";
import type { Statements } from "./schema.ts";
import { release, renew, settle, type Settlement } from "./settle.ts";

export class Amendment {
  readonly #rows: Rows;
  readonly #sql: Statements;
  readonly #budget: number;
  readonly #clock: number;
  readonly #used: Moment | undefined;
  readonly #read = new Map<string, Row>();
  readonly #lost: number[] = [];

  constructor(
    rows: Rows,
    sql: Statements,
    budget: number,
    clock: number,
    used: Moment | undefined,
  ) {
    this.#rows = rows;
    this.#sql = sql;
    this.#budget = budget;
    this.#clock = clock;
    this.#used = used;
  }

  /** Returns the tickets whose lease is lost. */
  apply(changes: readonly Change[]): readonly number[] {
    for (const change of changes) this.#apply(change);
    const moment = this.#moment();
    for (const row of this.#read.values()) if (row.changed) this.#rows.write(row, moment);
    return this.#lost;
  }

  #apply(change: Change): void {
    switch (change.kind) {
      case "settle":
      case "cancel":
        return this.#settle(change);
      case "release":
        for (const row of this.#of(change.key, change.plan)) {
          release(row, change.plan, change.ticket, this.#moment());
        }
        return;
      case "renew":
        return this.#renew(change);
      case "gate":
        return this.#setGate(change.key, change.until);
      case "reset":
        return change.key === undefined ? this.#resetAll() : this.#row(change.key).reset();
    }
  }

  #settle(change: Settlement): void {
    const rows = this.#of(change.key, change.plan);
    if (rows.some(({ born }) => change.ticket < born)) return;
    const moment = this.#moment();
    for (const row of rows) {
      const shared = row.key === "";
      const charged = change.plan.rules.some(
        (rule, i) => rule.shared === shared && change.actual[i]! > change.taken[i]!,
      );
      if (row.id === 0 && !charged) continue;
      settle(row, bind(row, change.plan, shared, moment, this.#used), change, moment);
    }
  }

  #renew({ key, plan, ticket, held }: Extract<Change, { kind: "renew" }>): void {
    const moment = this.#moment();
    const holding = plan.rules.filter(({ kind }, i) => kind === "concurrency" && held[i]! > 0);
    let found = 0;
    for (const row of this.#of(key, plan)) found += renew(row, plan, ticket, moment);
    if (found < holding.length) this.#lost.push(ticket);
  }

  #setGate(key: string | undefined, until: number | undefined): void {
    const row = this.#row(key);
    if (row.id === 0 && until === undefined) return;
    row.gate = until === undefined ? 0 : Math.max(row.gate, until + row.lag);
    row.changed = true;
  }

  /** At once for all rows, however many. */
  #resetAll(): void {
    const moment = this.#moment();
    const root = this.#row(undefined);
    root.reset();
    for (const row of this.#read.values()) if (row.changed) this.#rows.write(row, moment);
    this.#sql.resetAll.run(root.shape!, moment.now + 3_600_000_000, this.#budget);
    this.#sql.dropAllChunks.run(this.#budget);
    this.#rows.forgetAll();
    this.#read.clear();
  }

  /** The rows that a change of a key concerns. */
  #of(key: string, plan: Plan): Row[] {
    return plan.hasShared ? [this.#row(key), this.#row(undefined)] : [this.#row(key)];
  }

  #row(key: string | undefined): Row {
    const name = key === undefined ? "" : JSON.stringify(key);
    let row = this.#read.get(name);
    if (!row) {
      row = this.#rows.read(name);
      row.follow(this.#clock);
      this.#read.set(name, row);
    }
    return row;
  }

  /** Never before what any of the rows has seen. */
  #moment(): Moment {
    let now = this.#clock;
    for (const row of this.#read.values()) now = Math.max(now, row.last);
    return { now, wall: now, since: now };
  }
}
