/** 7. A job with four workers against an API that counts exactly. */

import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { type JobLimits, runJob } from "sluice-cli";
import { type Admission, worstWindow } from "sluice/testing";
import type { ArrivalReport } from "strict-api";
import type { Answer } from "./jobs/call-api.ts";
import { inChild } from "./harness/in-child.ts";
import { percent } from "./harness/numbers.ts";
import { table, title, verdict } from "./harness/report.ts";

const WINDOW_MS = 1_000;
const MARGIN_MS = 50;
const WORKERS = 4;

interface Case {
  readonly limit: JobLimits;
  /** What the API allows in a second. */
  readonly allowed: number;
  readonly rows: number;
  readonly perWorker?: boolean;
}

const cases: Record<string, Case> = {
  "50/s": { limit: "50/s", allowed: 50, rows: 500 },
  "500/s even": { limit: "500/s even", allowed: 500, rows: 5_000 },
  "2000/s even": { limit: "2000/s even", allowed: 2_000, rows: 20_000 },
  "50/s per worker": { limit: "50/s", allowed: 50, rows: 2_000, perWorker: true },
};

interface Seen {
  readonly refused: number;
  readonly worst: number;
  /** The same by the clocks of the workers, when the function was called. */
  readonly called: number;
  /** Ideal over real time from the first arrival to the last, of the slowest API. */
  readonly use: number;
}

export const tasks = { send };

export async function run(quick: boolean): Promise<void> {
  title(`7. A job with ${WORKERS} workers and a margin of ${MARGIN_MS} ms, over loopback`);
  const rows: string[][] = [];
  const all = new Map<string, Seen[]>();
  for (let pass = 0; pass < (quick ? 1 : 3); pass += 1) {
    for (const name of Object.keys(cases)) {
      const seen = (await inChild<Seen>(import.meta.url, "send", name))!;
      all.set(name, [...(all.get(name) ?? []), seen]);
    }
  }
  for (const [name, seen] of all) {
    rows.push([
      name,
      seen.map(({ refused }) => refused).join(", "),
      seen.map(({ worst }) => worst).join(", "),
      seen.map(({ called }) => called).join(", "),
      seen.map(({ use }) => percent(use)).join(", "),
    ]);
  }
  table(["", "429s in each run", "fullest window", "as called", "use"], rows);
  console.log();
  const least = (0.99 * WINDOW_MS) / (WINDOW_MS + MARGIN_MS);
  for (const [name, seen] of all) {
    const { allowed } = cases[name]!;
    const worst = Math.max(...seen.map((one) => one.worst));
    const use = Math.min(...seen.map((one) => one.use));
    verdict(`${name}, fullest window`, String(worst), `at most ${allowed}`, worst <= allowed);
    verdict(`${name}, use`, percent(use), `at least ${percent(least)}`, use >= least);
  }
}

async function send(name: string): Promise<Seen> {
  const { limit, allowed, rows, perWorker = false } = cases[name]!;
  const apis = await Promise.all(
    Array.from({ length: perWorker ? WORKERS : 1 }, () => startApi(allowed)),
  );
  const job = runJob<number, Answer>({
    module: fileURLToPath(new URL("jobs/call-api.ts", import.meta.url)),
    input: Array.from({ length: rows }, (_, row) => row),
    data: { ports: apis.map(({ port }) => port) },
    workers: WORKERS,
    concurrency: 250,
    margin: MARGIN_MS,
    ...(perWorker ? { perWorker: limit } : { limits: limit }),
  });
  const calls = new Map<number, Admission[]>();
  let refused = 0;
  for await (const { value, error } of job) {
    if (error) throw error;
    const { status, at, worker } = value;
    if (status === 429) refused += 1;
    const judged = perWorker ? worker : 0;
    const own = calls.get(judged) ?? [];
    calls.set(judged, own);
    own.push({ at, units: 1 });
  }
  const reports = await Promise.all(apis.map(({ report }) => report()));
  for (const { end } of apis) end();
  const uses = reports.map(({ accepted, refused: over, elapsedMs }) => {
    const sent = accepted + over;
    const lumps = String(limit).includes("even")
      ? (sent - 1) / allowed
      : Math.floor((sent - 1) / allowed);
    return (lumps * WINDOW_MS) / elapsedMs;
  });
  const worst = Math.max(...reports.map(({ worstWindow }) => worstWindow));
  const called = Math.max(
    ...[...calls.values()].map((all) => worstWindow(all, WINDOW_MS * 1e3).units),
  );
  return { refused, worst, called, use: Math.min(...uses) };
}

async function startApi(allowed: number) {
  const flags = ["--limit", `${allowed}`, "--window", `${WINDOW_MS}`, "--latency", "5"];
  const api = fork(fileURLToPath(import.meta.resolve("strict-api/main")), flags);
  const [{ port }] = (await once(api, "message")) as [{ port: number }];
  return {
    port,
    report: async () =>
      (await (await fetch(`http://127.0.0.1:${port}/report`)).json()) as ArrivalReport,
    end: () => api.disconnect(),
  };
}
