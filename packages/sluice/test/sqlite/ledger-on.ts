// Ledgers on files, with a clock that moves by hand.
import { compile, type LimitsInput } from "../../src/limits/plan.ts";
import { sqlite } from "../../src/stores/sqlite.ts";
import { askFor, type Answer, type Ask, type Ledger, type Scope } from "../../src/stores/store.ts";
import { type ManualClock, manualClock } from "../../src/testing/manual-clock.ts";
import type { Connection } from "./connections.ts";
import { scopeOf } from "../scope.ts";

/** One process with a file open. */
export class Site {
  readonly clock: ManualClock;
  readonly connection: Connection;
  readonly ledger: Ledger<true>;

  constructor(connection: Connection, clock: ManualClock = manualClock(), scope?: Partial<Scope>) {
    this.clock = clock;
    this.connection = connection;
    this.ledger = sqlite(connection).open(scopeOf({ clock, ...scope }));
  }

  ask(limits: LimitsInput, costs: number | number[][] = 1, ask: Partial<Ask> = {}): Answer {
    const now = this.ledger.now();
    const plan = compile(limits, 0, { now, wall: now });
    const each = typeof costs === "number" ? [plan.rules.map(() => costs)] : costs;
    const whole = askFor("k", plan, each);
    const answer = this.ledger.reserve({ ...whole, ...ask });
    return {
      ...answer,
      instants: answer.instants.slice(0, answer.admitted),
      tickets: answer.tickets.slice(0, answer.admitted),
    };
  }

  /** Gives `units` of an admission back. */
  giveBack(limits: LimitsInput, { instants, tickets }: Answer, taken: number, units: number): void {
    const plan = compile(limits, 0, { now: 0, wall: 0 });
    const [at, ticket] = [instants[0]!, tickets[0]!];
    const actual = [taken - units];
    this.ledger.amend([{ kind: "settle", key: "k", plan, at, ticket, taken: [taken], actual }]);
  }

  count(table: string, where = "1"): number {
    const sql = `SELECT count(*) AS rows FROM sluice_${table} WHERE ${where}`;
    return Number((this.connection.prepare(sql).get() as { rows: number }).rows);
  }

  close(): void {
    this.ledger.close();
    this.connection.close();
  }
}
