// A process that asks a limiter's budget in an SQLite file for all it can get, and notes what it got:
// node --import tsx asker.ts <driver> <file> <limits as JSON> <record> <admissions, 0 for no end>
import { openSync, writeSync } from "node:fs";
import { systemClock } from "../../src/clock.ts";
import { compile, type LimitsInput } from "../../src/limits/plan.ts";
import { sqlite } from "../../src/stores/sqlite.ts";
import { drivers } from "./connections.ts";
import { scopeOf } from "../scope.ts";
import { askFor } from "../../src/stores/store.ts";

const [driver, file, limits, record, admissions] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
];
const { open } = drivers.find(({ name }) => name === driver)!;
const ledger = sqlite(open(file)).open(scopeOf({ name: "shared", clock: systemClock }));
const log = openSync(record, "a");
const since = { now: ledger.now(), wall: systemClock.wall() * 1e3 };
const plan = compile(JSON.parse(limits) as LimitsInput, 0, since);
const sleeper = new Int32Array(new SharedArrayBuffer(4));
const most = Number(admissions) || Number.POSITIVE_INFINITY;

for (let done = 0; done < most;) {
  const costs = [plan.rules.map(() => 1), plan.rules.map(() => 1)];
  const ask = askFor("k", plan, costs, 50_000);
  try {
    const { admitted, instants, tickets } = ledger.reserve(ask);
    for (let i = 0; i < admitted; i++) writeSync(log, `${instants[i]} ${tickets[i]}\n`);
    done += admitted;
    if (admitted < costs.length) Atomics.wait(sleeper, 0, 0, 5 * Math.random());
  } catch (error) {
    if ((error as { code?: string }).code !== "STORE_BUSY") throw error;
  }
}
ledger.close();
