/**
 * The main job, as `npm start` runs it: the world's largest cities, one request each, through an API
 * that allows so many in any window and says what it saw. `--unlimited` runs the same rows without
 * a rate, to see the refusals; `--machines 3` has three processes do a part each, as if on three
 * machines, with one limit in a store.
 */

import { mkdir } from "node:fs/promises";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { ArrivalReport } from "strict-api";
import { credit, writeCities } from "./cities.ts";
import { runFleet } from "./machines.ts";
import { type Ending, runSluice, startApi } from "./processes.ts";
import { fleetTable, table } from "./table.ts";

const { values: flags } = parseArgs({
  options: {
    unlimited: { type: "boolean", default: false },
    rows: { type: "string", default: "2500" },
    limit: { type: "string", default: "100" },
    window: { type: "string", default: "1000" },
    margin: { type: "string", default: "50" },
    results: { type: "string", default: path("results") },
    machines: { type: "string" },
    store: { type: "string" },
  },
});

const windowMs = Number(flags.window);
const marginMs = Number(flags.margin);
const span = windowMs % 1000 === 0 ? `${windowMs / 1000}s` : `${windowMs}ms`;
const limit = flags.unlimited ? "unlimited" : `${flags.limit}/${span}`;
const rate = ["--rate", limit, "--margin", `${marginMs}ms`];
const isFleet = flags.machines !== undefined || flags.store !== undefined;
if (isFleet && flags.unlimited) throw new Error("--unlimited leaves machines nothing to share.");

await mkdir(flags.results, { recursive: true });
const api = await startApi(flags);
console.log(`The ${flags.rows} most populous cities of ${credit}.`);
console.log(`The API allows ${flags.limit} requests in any ${flags.window} ms; rate: ${limit}.\n`);

const { ending, outputs, tableOf } = await (isFleet ? onMachines() : here());
const report = (await (await fetch(`${api.url}/report`)).json()) as ArrivalReport;
api.stop();
console.log(`\n${tableOf(report)}`);
console.log(`\nresults: ${outputs.map((file) => relative(process.cwd(), file)).join(", ")}`);
process.exitCode = ending.interrupted ? 130 : exitCode(ending.code, report);

interface Ran {
  readonly ending: Ending;
  readonly outputs: readonly string[];
  readonly tableOf: (report: ArrivalReport) => string;
}

async function here(): Promise<Ran> {
  const input = `${flags.results}/cities.jsonl`;
  const output = `${flags.results}/${flags.unlimited ? "distances-unlimited" : "distances"}.jsonl`;
  await writeCities([input], Number(flags.rows));
  const files = ["--input", input, "--output", output, "--force"];
  const ending = await runSluice(["run", path("job.ts"), ...files, ...rate], { API_URL: api.url });
  const margin = flags.unlimited ? undefined : marginMs;
  return { ending, outputs: [output], tableOf: (report) => table(report, margin) };
}

async function onMachines(): Promise<Ran> {
  const machines = Number(flags.machines ?? 3);
  const store = flags.store ?? `sqlite:${flags.results}/limits.db`;
  console.log(`${machines} machines, played by processes, hold this rate through ${store}.`);
  const { ends, outputs, ...ending } = await runFleet({
    machines,
    rows: Number(flags.rows),
    folder: flags.results,
    store,
    module: path("job.ts"),
    rate,
    apiUrl: api.url,
  });
  return { ending, outputs, tableOf: (report) => fleetTable(report, ends, marginMs) };
}

/** Without a rate the refusals are what was to be seen. */
function exitCode(code: number, { refused, worstWindow, limit: most }: ArrivalReport): number {
  if (flags.unlimited) return code === 1 ? 0 : code;
  if (refused === 0 && worstWindow <= most) return code;
  console.error(
    `The API refused ${refused} requests: this machine delays some by more than the margin of ${marginMs} ms; try npm start -- --margin 200.`,
  );
  return 1;
}

function path(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}
