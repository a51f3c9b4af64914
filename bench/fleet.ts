/** 8. Four processes and one limit, on each shared store, judged by when their callers ran. */

import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { worstWindow } from "sluice/testing";
import { fleetLimits } from "./fleet/limits.ts";
import type { NodeOrder, NodeReport } from "./fleet/node.ts";
import { startServers } from "./fleet/servers.ts";
import { openStore, type StoreName } from "./fleet/stores.ts";
import { percent } from "./harness/numbers.ts";
import { table, title, verdict } from "./harness/report.ts";

const PROCESSES = 4;
const node = fileURLToPath(new URL("fleet/node.ts", import.meta.url));

export async function run(quick: boolean): Promise<void> {
  const ms = quick ? 5_000 : 10_000;
  const folder = mkdtempSync(join(tmpdir(), "sluice-fleet-"));
  const servers = await startServers();
  const places: Record<StoreName, string> = {
    "shared-memory": join(folder, "shared"),
    sqlite: join(folder, "budgets.db"),
    redis: servers.redis,
    postgres: servers.postgres,
  };
  title(`8. ${PROCESSES} processes, one limit of 200/s, five times the demand, ${ms / 1e3} s`);
  const rows: string[][] = [];
  try {
    for (const store of Object.keys(places) as StoreName[]) {
      const { store: opened, close } = await openStore(store, places[store]);
      const graceMs = opened.grace! / 1e3;
      await close();
      for (const limit of Object.keys(fleetLimits)) {
        for (const busy of [PROCESSES, 1]) {
          const order = { store, where: places[store], limit, ms, waiting: 1_000 / busy };
          rows.push(await judge(order, busy, graceMs));
        }
      }
    }
  } finally {
    await servers.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  console.log();
  table(["store, limit, processes", "fullest", "use", "calls", "least share", "CPU"], rows);
}

let runs = 0;

async function judge(
  order: Omit<NodeOrder, "name">,
  busy: number,
  graceMs: number,
): Promise<string[]> {
  const name = `fleet ${runs++}`;
  const reports = await Promise.all(
    Array.from({ length: busy }, () => fleetNode({ ...order, name })),
  );
  const { promises, rate } = fleetLimits[order.limit]!;
  const what = `${order.store}, ${order.limit}, ${busy}`;
  const ran = reports.flatMap((report) => report.ran).sort((a, b) => a - b);
  const instants = reports.flatMap((report) => report.instants.map((ms) => ms * 1e3));
  let fullest = 0;
  for (const { spanMs, most } of promises) {
    for (const record of [ran, instants]) {
      const admissions = record.map((at) => ({ at, units: 1 }));
      const { units } = worstWindow(admissions, spanMs * 1e3);
      fullest = Math.max(fullest, units / most(graceMs));
    }
  }
  const seconds = (ran.at(-1)! - ran[0]!) / 1e6;
  const use = ran.length / (seconds + 1) / rate(graceMs);
  const calls = reports.reduce((sum, report) => sum + report.calls, 0) / ran.length;
  const share = Math.min(...reports.map((report) => report.ran.length)) / ran.length;
  const cpu = reports.reduce((sum, report) => sum + report.cpuMs, 0) / (order.ms * busy);
  verdict(`${what}: fullest window`, fullest.toFixed(3), "1", fullest <= 1);
  if (order.store === "redis" || order.store === "postgres") {
    verdict(`${what}: calls per admission`, calls.toFixed(2), "0.5", calls <= 0.5);
  }
  if (busy > 1) verdict(`${what}: least share`, percent(share), "15 %", share >= 0.15);
  return [what, fullest.toFixed(3), percent(use), calls.toFixed(2), percent(share), percent(cpu)];
}

async function fleetNode(order: NodeOrder): Promise<NodeReport> {
  const child = fork(node, [], { execArgv: process.execArgv });
  child.send(order);
  const [report] = (await once(child, "message")) as [NodeReport];
  return report;
}
