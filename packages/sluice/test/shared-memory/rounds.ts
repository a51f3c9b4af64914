// Rounds of chaos over one mapped file: processes that are killed and stopped at random instants.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../../src/clock.ts";
import { compile } from "../../src/limits/plan.ts";
import { sharedMemory } from "../../src/stores/shared-memory.ts";
import { breachOf, LEASE_MS, MIXES, type Order, recordsOf } from "./order.ts";
import { scopeOf } from "../scope.ts";
import { askFor } from "../../src/stores/store.ts";

/** What a round came to. */
export interface Round {
  readonly breach: string | undefined;
  readonly admissions: number;
  readonly killed: number;
  readonly stopped: number;
  /** Keys that nobody could use any more afterwards. */
  readonly stuck: string[];
}

const PROCESSES = 3;

/** Runs a round: `random` gives whole numbers below its argument. */
export async function round(
  hammer: string,
  folder: string,
  mix: string,
  seed: number,
  millis: number,
  random: (below: number) => number,
): Promise<Round> {
  const memory = join(folder, "memory");
  const logs = Array.from({ length: PROCESSES }, (_, i) => join(folder, `${mix}-${seed}-${i}.log`));
  const children = logs.map((log, i) => {
    // The first is killed, and the second is stopped for parts of its time.
    const time = [600_000, 3 * millis, millis][i]!;
    const own = seed * 10 + i;
    const order: Order = { memory, log, mix, keys: 2, books: true, millis: time, seed: own };
    return spawn(process.execPath, [hammer, JSON.stringify(order)], { stdio: "inherit" });
  });
  const ends = children.map((child) => once(child, "exit"));
  const [victim, sleeper] = children as [ChildProcess, ChildProcess];
  await started(logs);
  let stopped = 0;
  const stops = (async () => {
    for (let i = 0; i < 4; i++) {
      await sleep(random(millis / 4));
      if (sleeper.exitCode !== null) return;
      sleeper.kill("SIGSTOP");
      stopped++;
      await sleep(random(40));
      sleeper.kill("SIGCONT");
    }
  })();
  await sleep(random(Math.floor(millis / 2)));
  victim.kill("SIGKILL");
  await Promise.all([...ends, stops]);
  const records = recordsOf(logs);
  const stuck = await unusable(memory, mix);
  return {
    breach: breachOf(mix, records),
    admissions: records.filter(({ units }) => units > 0).length,
    killed: victim.signalCode === "SIGKILL" ? 1 : 0,
    stopped,
    stuck,
  };
}

/** Until every process has been granted something. */
async function started(logs: readonly string[]): Promise<void> {
  for (;;) {
    try {
      if (logs.every((log) => recordsOf([log]).length > 0)) return;
    } catch {
      // Not even its log is there.
    }
    await sleep(5);
  }
}

/** Asks for each key until it is granted, a lease's time and a second at the most. */
async function unusable(memory: string, mix: string): Promise<string[]> {
  const ledger = sharedMemory(memory).open(scopeOf({ name: "hammer", clock: systemClock }));
  const now = ledger.now();
  const plan = compile(MIXES[mix]!, 0, { now, wall: now });
  const costs = [plan.rules.map(() => 1)];
  const stuck: string[] = [];
  for (const key of ["key 0", "key 1"]) {
    const ask = askFor(key, plan, costs);
    for (let waited = 0; ledger.reserve(ask).admitted === 0; waited += 5) {
      if (waited > LEASE_MS + 1_000) {
        stuck.push(key);
        break;
      }
      await sleep(5);
    }
  }
  ledger.close();
  return stuck;
}
