/**
 * 8. Four processes and one limit on each shared store, and beside them what others do in Redis.
 * `--store redis,sqlite`, `--limit window`, `--seconds 10.5`.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endCrew, runCrew } from "./fleet/crew.ts";
import { judge } from "./fleet/judge.ts";
import { fleetLimits } from "./fleet/limits.ts";
import type { NodeOrder } from "./fleet/node.ts";
import { PEERS } from "./fleet/peers.ts";
import { startServers } from "./fleet/servers.ts";
import { openStore, type StoreName, STORES } from "./fleet/stores.ts";
import { percent } from "./harness/numbers.ts";
import { table, title, verdict } from "./harness/report.ts";

/** When each begins, in milliseconds. */
const STARTS = [0, 300, 700, 1_500];
/** Callers that wait, together: five times of what a second lets through. */
const WAITING = 1_000;
/** Ten windows of a second, and two periods of the longest rate, with the grace. */
const SECONDS = 10.5;
const QUICK_SECONDS = 5.3;

export interface FleetFlags {
  readonly store?: string;
  readonly limit?: string;
  readonly seconds?: string;
}

type Places = Record<StoreName, string>;
let runs = 0;

export async function run(quick: boolean, flags: FleetFlags): Promise<void> {
  const stores = chosen("store", flags.store, STORES);
  const limits = chosen("limit", flags.limit, Object.keys(fleetLimits));
  const ms = 1e3 * Number(flags.seconds ?? (quick ? QUICK_SECONDS : SECONDS));
  if (!(ms > Math.max(...STARTS))) {
    throw new Error(`--seconds must be above ${Math.max(...STARTS) / 1e3}; got ${flags.seconds}.`);
  }
  title(`8. ${STARTS.length} processes, one limit of 200/s, five times the demand, ${ms / 1e3} s`);
  const folder = mkdtempSync(join(tmpdir(), "sluice-fleet-"));
  const servers = startServers();
  let interrupted = false;
  const onSignal = (): void => {
    interrupted = true;
    endCrew();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, onSignal);
  try {
    const { redis, postgres } = await servers;
    const files = { sqlite: join(folder, "budgets.db"), "shared-memory": join(folder, "shared") };
    await runAll(stores, limits, ms, { ...files, redis, postgres });
  } catch (error) {
    if (!interrupted) throw error;
  } finally {
    await servers.then(
      (started) => started.stop(),
      () => undefined,
    );
    rmSync(folder, { recursive: true, force: true });
  }
  if (interrupted) process.exit(130);
}

async function runAll(
  stores: readonly StoreName[],
  limits: readonly string[],
  ms: number,
  places: Places,
): Promise<void> {
  const rows: string[][] = [];
  for (const store of stores) {
    const graceMs = await graceOf(store, places[store]);
    for (const limit of limits) {
      for (const busy of [STARTS.length, 1]) {
        rows.push(await runStore({ store, where: places[store], limit, ms }, busy, graceMs));
      }
    }
  }
  for (const peer of stores.includes("redis") && limits.includes("window") ? PEERS : []) {
    for (const busy of [STARTS.length, 1]) rows.push(await runPeer(peer, places.redis, ms, busy));
  }
  console.log();
  table(["who, limit, busy", "G", "callers", "instants", "use", "calls", "least", "CPU"], rows);
  console.log(
    "\nG: the grace. callers, instants: the fullest window over what is promised, by when callers went on and by granted instants. use: of W/(W+G). calls: to the store, an admission. least: the least share of a busy process. CPU: µs of all processes an admission.",
  );
}

type Setting = Pick<NodeOrder, "store" | "where" | "limit" | "ms">;

/** Four processes of which some are busy. */
function orders(setting: Setting, busy: number): NodeOrder[] {
  const name = `fleet ${runs++}`;
  return STARTS.map((startMs, i) => {
    return { ...setting, name, startMs, waiting: i < busy ? WAITING / busy : 0 };
  });
}

async function runStore(setting: Setting, busy: number, graceMs: number): Promise<string[]> {
  const { store, limit } = setting;
  const limitOf = fleetLimits[limit]!;
  const judged = judge(await runCrew(orders(setting, busy)), limitOf, graceMs);
  const { byCallers, byInstants, use, calls, leastShare, cpuMicros } = judged;
  const what = `${store}, ${limit}, ${busy} busy`;
  verdict(`${what}: fullest by callers`, byCallers.toFixed(3), "1", byCallers <= 1);
  verdict(`${what}: fullest by instants`, byInstants.toFixed(3), "1", byInstants <= 1);
  verdict(`${what}: use of W/(W+G)`, percent(use), "99 %", use >= 0.99);
  if (store === "redis" || store === "postgres") {
    verdict(`${what}: calls per admission`, calls.toFixed(2), "0.5", calls <= 0.5);
  }
  if (busy > 1) {
    verdict(`${what}: least share`, percent(leastShare), "15 %", leastShare >= 0.15);
  }
  return [
    what,
    `${graceMs} ms`,
    byCallers.toFixed(3),
    byInstants.toFixed(3),
    percent(use),
    calls.toFixed(2),
    percent(leastShare),
    cpuMicros.toFixed(0),
  ];
}

async function runPeer(
  peer: (typeof PEERS)[number],
  where: string,
  ms: number,
  busy: number,
): Promise<string[]> {
  const reports = await runCrew(orders({ store: peer, where, limit: "window", ms }, busy));
  const { byCallers, use, leastShare, cpuMicros } = judge(reports, fleetLimits["window"]!, 0);
  const what = `${peer}, 200/s, ${busy} busy`;
  const measured = [byCallers.toFixed(3), "", percent(use), "", percent(leastShare)];
  return [what, "", ...measured, cpuMicros.toFixed(0)];
}

async function graceOf(name: StoreName, where: string): Promise<number> {
  const { store, close } = await openStore(name, where);
  await close();
  return store.waiting!.grace / 1e3;
}

/** Names with commas between them; all, when there are none. */
function chosen<T extends string>(
  flag: string,
  text: string | undefined,
  all: readonly T[],
): readonly T[] {
  const names = text?.split(",") ?? all;
  const wrong = names.find((name) => !all.some((each) => each === name));
  if (wrong === undefined) return names as readonly T[];
  throw new Error(`--${flag} must be of ${all.join(", ")}; got ${wrong}.`);
}
