/** 10. The same job by hand, with the libraries that people take for it. */

import { fileURLToPath } from "node:url";
import Bottleneck from "bottleneck";
import PQueue from "p-queue";
import { Piscina } from "piscina";
import { runJob } from "sluice-cli";
import { worstWindow } from "sluice/testing";
import { inChild } from "./harness/in-child.ts";
import { table, title } from "./harness/report.ts";

const LIMIT = 100;
const ROWS = 500;
const FREE_ROWS = 20_000;
const MIB = 1_048_576;

/** Runs rows at most `LIMIT` a second, or as fast as they go; `at` is when each call began. */
type Runner = (rows: number, rated: boolean) => Promise<readonly number[]>;

const runners: Record<string, Runner> = { sluice, "p-queue": pQueue, bottleneck, piscina };

interface Measured {
  readonly perSecond: number;
  readonly memory: number;
  readonly worst: number;
  readonly seconds: number;
}

export const tasks = { measure };

export async function run(): Promise<void> {
  title(`10. Calls of 20 ms: ${FREE_ROWS} without a limit, ${ROWS} at ${LIMIT} in any second`);
  const rows: string[][] = [];
  for (const name of Object.keys(runners)) {
    const got = await inChild<Measured>(import.meta.url, "measure", name, 120_000);
    rows.push(
      got
        ? [
            name,
            Math.round(got.perSecond).toLocaleString("en-US"),
            `${Math.round(got.memory / MIB)} MiB`,
            `${got.worst} of ${LIMIT}`,
            got.seconds.toFixed(2),
          ]
        : [name, "did not end", "", "", ""],
    );
  }
  table(["", "rows a second", "memory", "fullest second", "seconds for the rated"], rows);
}

async function measure(name: string): Promise<Measured> {
  const rows = runners[name]!;
  const begin = performance.now();
  await rows(FREE_ROWS, false);
  const perSecond = (FREE_ROWS * 1e3) / (performance.now() - begin);
  const memory = process.memoryUsage.rss();
  const instants = await rows(ROWS, true);
  const at = instants.map((ms) => ({ at: Math.floor(ms * 1e3), units: 1 }));
  const sorted = instants.toSorted((a, b) => a - b);
  const seconds = (sorted.at(-1)! - sorted[0]!) / 1e3;
  return { perSecond, memory, worst: worstWindow(at, 1e6).units, seconds };
}

/** 400 calls at once for all of them. */
const AT_ONCE = 400;

async function sluice(rows: number, rated: boolean): Promise<readonly number[]> {
  const instants: number[] = [];
  const job = runJob<number, number>({
    module: fileURLToPath(new URL("jobs/pause.ts", import.meta.url)),
    input: Array.from({ length: rows }, (_, row) => row),
    limits: rated ? `${LIMIT}/s` : "unlimited",
    workers: 2,
    concurrency: AT_ONCE / 2,
  });
  for await (const { value } of job) instants.push(value!);
  return instants;
}

/** One process, since it has no workers: a call is only a pause here. */
async function pQueue(rows: number, rated: boolean): Promise<readonly number[]> {
  const queue = new PQueue({
    concurrency: AT_ONCE,
    ...(rated ? { intervalCap: LIMIT, interval: 1_000 } : {}),
  });
  return await Promise.all(Array.from({ length: rows }, () => queue.add(pause)));
}

async function bottleneck(rows: number, rated: boolean): Promise<readonly number[]> {
  const limiter = new Bottleneck({
    maxConcurrent: AT_ONCE,
    ...(rated
      ? { reservoir: LIMIT, reservoirRefreshAmount: LIMIT, reservoirRefreshInterval: 1_000 }
      : {}),
  });
  const instants = await Promise.all(Array.from({ length: rows }, () => limiter.schedule(pause)));
  await limiter.disconnect();
  return instants;
}

/** With the loop that one writes by hand: a batch, and what is left of its second. */
async function piscina(rows: number, rated: boolean): Promise<readonly number[]> {
  const filename = fileURLToPath(new URL("jobs/piscina-pause.mjs", import.meta.url));
  const pool = new Piscina({ filename, maxThreads: 2, concurrentTasksPerWorker: AT_ONCE / 2 });
  const instants: Promise<number>[] = [];
  for (let row = 0; row < rows; row += 1) {
    instants.push(pool.run(row) as Promise<number>);
    const full = rated && (row + 1) % LIMIT === 0 && row + 1 < rows;
    if (full) await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  const all = await Promise.all(instants);
  await pool.destroy();
  return all;
}

async function pause(): Promise<number> {
  const at = performance.timeOrigin + performance.now();
  await new Promise((resolve) => setTimeout(resolve, 20));
  return at;
}
