/** 8. What a job costs besides its calls, and whether its memory grows with its rows. */

import { fileURLToPath } from "node:url";
import { runJob } from "sluice-cli";
import { inChild } from "./harness/in-child.ts";
import { median } from "./harness/numbers.ts";
import { table, title, verdict } from "./harness/report.ts";

const WORKERS = 2;
const MIB = 1_048_576;

interface Request {
  readonly rows: number;
  readonly isolation: "process" | "thread";
}

interface Cost {
  readonly perSecond: number;
  /** The highest resident memory of the process of the job, in bytes. */
  readonly memory: number;
}

export const tasks = { empty };

export async function run(quick: boolean): Promise<void> {
  title(`8. An empty job without limits, ${WORKERS} workers`);
  const sizes = quick ? [10_000, 500_000] : [10_000, 100_000, 1_000_000, 5_000_000];
  const lines: string[][] = [];
  const memory: number[] = [];
  const speeds: number[] = [];
  for (const isolation of ["process", "thread"] as const) {
    for (const rows of sizes) {
      const cost = (await inChild<Cost>(import.meta.url, "empty", { rows, isolation }))!;
      if (isolation === "process") memory.push(cost.memory);
      if (isolation === "process" && rows > 10_000) speeds.push(cost.perSecond);
      lines.push([
        `${isolation}, ${rows.toLocaleString("en-US")} rows`,
        Math.round(cost.perSecond).toLocaleString("en-US"),
        `${Math.round(cost.memory / MIB)} MiB`,
      ]);
    }
  }
  table(["", "rows a second", "highest memory"], lines);
  console.log();
  const speed = median(speeds);
  verdict("rows a second", String(Math.round(speed)), "at least 20000", speed >= 20_000);
  const grown = (memory.at(-1)! - memory[0]!) / MIB;
  const [first, last] = [sizes[0]!, sizes.at(-1)!];
  verdict(
    `memory from ${first} to ${last} rows`,
    `${Math.round(grown)} MiB more`,
    "within 64 MiB",
    grown <= 64,
  );
}

async function empty({ rows, isolation }: Request): Promise<Cost> {
  let memory = 0;
  const watch = setInterval(() => {
    memory = Math.max(memory, process.memoryUsage.rss());
  }, 50);
  const job = runJob({
    module: fileURLToPath(new URL("jobs/nothing.ts", import.meta.url)),
    input: numbers(rows),
    limits: "unlimited",
    workers: WORKERS,
    concurrency: 64,
    isolation,
  });
  let first = 0;
  let seen = 0;
  for await (const { value, error } of job) {
    if (error || typeof value !== "number")
      throw error ?? new Error(`a row became ${String(value)}`);
    first ||= performance.now();
    seen += 1;
  }
  clearInterval(watch);
  if (seen !== rows) throw new Error(`${rows} rows became ${seen}`);
  return { perSecond: (rows * 1e3) / (performance.now() - first), memory };
}

function* numbers(rows: number): Generator<number> {
  for (let row = 0; row < rows; row += 1) yield row;
}
