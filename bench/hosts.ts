/**
 * Three hosts (network namespaces) whose clients' clocks are an hour apart, beside three processes of
 * one host: the same limits hold, and let the same through. Where this machine allows no namespaces the
 * three are processes behind ways of different lengths.
 */

import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { buildWorker } from "../packages/sluice/test/chaos/built-worker.ts";
import type { Evidence } from "../packages/sluice/test/chaos/evidence.ts";
import { judge, type Verdict } from "../packages/sluice/test/chaos/judge.ts";
import type { WorkerOrder } from "../packages/sluice/test/chaos/order.ts";
import { wallAhead } from "../packages/sluice/test/chaos/place.ts";
import { Processes } from "../packages/sluice/test/chaos/process-lane.ts";
import { TcpProxy } from "../packages/sluice/test/servers/tcp-proxy.ts";
import { startServers } from "./fleet/servers.ts";
import { makeNetwork, type Network } from "./hosts/network.ts";
import { percent } from "./harness/numbers.ts";
import { table, title, verdict } from "./harness/report.ts";

const HOSTS = 3;
const HOUR_MS = 3_600_000;
/** Milliseconds of the way to each host, there and back the same. */
const WAYS = [0, 2, 5];
const GRACE_MS = 50;
const MIXES = ["window", "rates", "parts", "pace", "quota", "slots"];

interface Run {
  readonly worker: string;
  readonly folder: string;
  readonly store: "redis" | "postgres";
  readonly url: string;
  readonly ms: number;
  /** Undefined for one host whose clock is right. */
  readonly hosts: Network | "processes" | undefined;
}

export async function run(quick: boolean): Promise<void> {
  const ms = quick ? 3_000 : 10_000;
  const folder = mkdtempSync(join(tmpdir(), "sluice-hosts-"));
  chmodSync(folder, 0o755); // PostgreSQL may run as another user
  const worker = buildWorker();
  const servers = await startServers();
  const hosts = networkOrNot();
  const apart = hosts === "processes" ? "processes behind longer ways" : "network namespaces";
  title(`Three hosts (${apart}), clocks an hour apart, beside one host, ${ms / 1e3} s each`);
  const rows: string[][] = [];
  try {
    for (const store of ["redis", "postgres"] as const) {
      const given = { worker, folder, store, url: servers[store], ms };
      const one = await judged({ ...given, hosts: undefined });
      const three = await judged({ ...given, hosts });
      for (const [what, { breaches }] of [
        ["one host", one],
        ["three hosts", three],
      ] as const) {
        for (const breach of breaches) console.log(`${store}, ${what}: ${breach}`);
        verdict(`${store}, ${what}: breaches`, `${breaches.length}`, "0", breaches.length === 0);
      }
      const ratio = three.rated / one.rated;
      rows.push([store, `${one.rated}`, `${three.rated}`, percent(ratio), `${three.late}`]);
    }
  } finally {
    if (typeof hosts === "object") hosts.stop();
    await servers.stop();
    rmSync(worker);
    rmSync(folder, { recursive: true });
  }
  console.log();
  table(["store", "by rates, one host", "three hosts", "of one", "late"], rows);
}

function networkOrNot(): Network | "processes" {
  try {
    return makeNetwork(HOSTS);
  } catch (error) {
    console.log(`This machine allows no network namespaces: ${String(error).split("\n")[0]}`);
    return "processes";
  }
}

let runs = 0;

/** `rated` are the admissions that only rates hold back: slots go round as fast as the way is short. */
type Judged = Verdict & { readonly rated: number };

async function judged({ worker, folder, store, url, ms, hosts }: Run): Promise<Judged> {
  const name = `hosts ${runs++}`;
  const listen = typeof hosts === "object" ? hosts.address : "127.0.0.1";
  const port = Number(new URL(url).port);
  const ways = await Promise.all(WAYS.map(() => TcpProxy.to(port, "127.0.0.1", listen)));
  if (hosts !== undefined) {
    ways.forEach((way, i) => {
      way.way = { ...way.way, delay: WAYS[i]! };
    });
  }
  const where = (life: number): string => {
    const through = new URL(url);
    through.hostname = listen;
    through.port = String(ways[life]!.port);
    return through.href;
  };
  const orderOf = (life: number): Omit<WorkerOrder, "diary"> => ({
    store,
    where: where(life),
    onFailure: "none",
    processes: HOSTS,
    name,
    mixes: MIXES,
    keys: ["a", "b"],
    callers: 4,
    hot: false,
    graceMs: GRACE_MS,
    seed: life,
    ...(hosts === undefined ? {} : { clockMs: (life - 1) * HOUR_MS }),
  });
  const own = mkdtempSync(join(folder, "run-"));
  const host = typeof hosts === "object" ? (life: number) => hosts.host(life) : undefined;
  const processes = new Processes(worker, own, {}, orderOf, host);
  const ahead = wallAhead();
  for (let i = 0; i < HOSTS; i++) processes.start();
  await Promise.all(processes.all.map(({ ready }) => ready));
  await sleep(ms);
  const open = await processes.finish(20_000);
  await Promise.all(ways.map((way) => way.stop()));
  const lives = processes.lives();
  const evidence: Evidence = {
    store,
    onFailure: "none",
    processes: HOSTS,
    mixes: MIXES,
    graceMs: GRACE_MS,
    ahead,
    lives,
    faults: [],
  };
  const found = judge(evidence);
  const entries = lives.flatMap((life) => life.entries);
  const { length: rated } = entries.filter(
    (entry) => entry.what === "granted" && entry.mix !== "slots",
  );
  return { ...found, breaches: [...open, ...found.breaches], rated };
}
