// Several processes and one file: what all of them were given, merged, never exceeds the limit, also
// when some are killed with -9 in the middle of it.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { concurrency } from "../../src/limits/concurrency/builder.ts";
import type { AnyLimit } from "../../src/limits/limit.ts";
import { paceOf } from "../../src/limits/pace/builder.ts";
import { compile } from "../../src/limits/plan.ts";
import { window } from "../../src/limits/window/window.ts";
import { sqlite } from "../../src/stores/sqlite.ts";
import { askFor, type Ledger } from "../../src/stores/store.ts";
import { worstWindow } from "../../src/testing/window-oracle.ts";
import { type Connection, type Driver, drivers, newFile, removeFolders } from "./connections.ts";
import { scopeOf } from "../scope.ts";

interface Pass {
  readonly at: number;
  readonly ticket: number;
  readonly units: number;
}

const script = fileURLToPath(new URL("asker.ts", import.meta.url));
const running = new Set<ChildProcess>();

afterAll(() => {
  for (const child of running) child.kill("SIGKILL");
  removeFolders();
});

function startAsker(
  driver: Driver,
  file: string,
  limits: AnyLimit[],
  i: number,
  admissions: number,
) {
  const record = join(dirname(file), `record-${i}`);
  const args = [driver.name, file, JSON.stringify(limits), record, String(admissions)];
  const child = spawn(process.execPath, ["--import", "tsx", script, ...args], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  running.add(child);
  const ended = new Promise<number | null>((resolve) => {
    child.once("exit", (code) => {
      running.delete(child);
      resolve(code);
    });
  });
  return { child, ended, passes: (): Pass[] => readPasses(record) };
}

/** Of a process that was killed the last line may be cut short. */
function readPasses(record: string): Pass[] {
  if (!existsSync(record)) return [];
  const lines = readFileSync(record, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => {
    const [at, ticket] = line.split(" ").map(Number);
    return { at: at!, ticket: ticket!, units: 1 };
  });
}

function openLedger(connection: Connection): Ledger<true> {
  return sqlite(connection).open(scopeOf({ name: "shared", clock: systemClock }));
}

const rates = [window(10, 20), window(30, 100), paceOf(400, 1e6, { burst: 5 })];

function judge(passes: readonly Pass[]): void {
  expect(worstWindow(passes, 20_000).units).toBeLessThanOrEqual(10);
  expect(worstWindow(passes, 100_000).units).toBeLessThanOrEqual(30);
  // burst - 1 + ceil(rate * W) for W of 50 ms
  expect(worstWindow(passes, 50_000).units).toBeLessThanOrEqual(24);
  expect(new Set(passes.map(({ ticket }) => ticket)).size).toBe(passes.length);
}

describe.each(drivers)("$name", (driver) => {
  test("four processes keep one limit, and use it", async () => {
    const file = newFile();
    const askers = [0, 1, 2, 3].map((i) => startAsker(driver, file, rates, i, 60));
    expect(await Promise.all(askers.map(({ ended }) => ended))).toEqual([0, 0, 0, 0]);
    const passes = askers.map((asker) => asker.passes());
    expect(passes.map(({ length }) => length >= 60)).toEqual([true, true, true, true]);
    judge(passes.flat());
  });

  test("processes killed with -9 leave a file that goes on, and no admission too many", async () => {
    const file = newFile();
    const killed = [0, 1, 2].map((i) => startAsker(driver, file, rates, i, 0));
    const last = startAsker(driver, file, rates, 3, 150);
    for (const { child, ended, passes } of killed) {
      const before = passes().length;
      while (passes().length < before + 10) await new Promise((resolve) => setTimeout(resolve, 3));
      child.kill("SIGKILL");
      await ended;
    }
    expect(await last.ended).toBe(0);
    const connection = driver.open(file);
    const check = connection.prepare("PRAGMA integrity_check").get();
    expect(check).toMatchObject({ integrity_check: "ok" });
    connection.close();
    judge([...killed, last].flatMap((each) => each.passes()));
  });

  test("the slots of a killed process come back at the end of their lease", async () => {
    const file = newFile();
    const limits = [concurrency(2, { lease: 300 })];
    const asker = startAsker(driver, file, limits, 0, 0);
    while (asker.passes().length < 2) await new Promise((resolve) => setTimeout(resolve, 3));
    asker.child.kill("SIGKILL");
    await asker.ended;
    const held = asker.passes().slice(-2);
    const connection = driver.open(file);
    const ledger = openLedger(connection);
    const plan = compile(limits, 0, { now: ledger.now(), wall: systemClock.wall() * 1e3 });
    const ask = askFor("k", plan, [[1]]);
    while (ledger.reserve(ask).admitted === 0) {
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
    const { instants, tickets } = ledger.reserve({ ...ask, costs: [[0]] });
    expect(instants[0]!).toBeGreaterThanOrEqual(Math.min(...held.map(({ at }) => at)) + 300_000);
    expect(tickets[0]!).toBeGreaterThan(Math.max(...held.map(({ ticket }) => ticket)));
    ledger.close();
    connection.close();
  });

  test("a restart finds what was used", () => {
    const file = newFile();
    const limits = [window(3, "1h")];
    const admitted = [0, 1].map(() => {
      const connection = driver.open(file);
      const ledger = openLedger(connection);
      const plan = compile(limits, 0, { now: ledger.now(), wall: systemClock.wall() * 1e3 });
      const { admitted: count } = ledger.reserve(askFor("k", plan, [[2]]));
      ledger.close();
      connection.close();
      return count;
    });
    expect(admitted).toEqual([1, 0]);
  });
});
