/**
 * The main job, as `npm start` runs it: the world's largest cities, one request each, through an API
 * that allows so many in any window and says what it saw. `--unlimited` runs the same rows without
 * a rate, to see the refusals.
 */

import { mkdir } from "node:fs/promises";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { ArrivalReport } from "strict-api";
import { credit, writeCities } from "./cities.ts";
import { runSluice, startApi } from "./processes.ts";
import { table } from "./table.ts";

const { values: flags } = parseArgs({
  options: {
    unlimited: { type: "boolean", default: false },
    rows: { type: "string", default: "2500" },
    limit: { type: "string", default: "100" },
    window: { type: "string", default: "1000" },
    margin: { type: "string", default: "50" },
    results: { type: "string", default: path("results") },
  },
});

const windowMs = Number(flags.window);
const span = windowMs % 1000 === 0 ? `${windowMs / 1000}s` : `${windowMs}ms`;
const rate = flags.unlimited ? "unlimited" : `${flags.limit}/${span}`;
const input = `${flags.results}/cities.jsonl`;
const output = `${flags.results}/${flags.unlimited ? "distances-unlimited" : "distances"}.jsonl`;

await mkdir(flags.results, { recursive: true });
await writeCities(input, Number(flags.rows));
const api = await startApi(flags);
console.log(`The ${flags.rows} most populous cities of ${credit}.`);
console.log(`The API allows ${flags.limit} requests in any ${flags.window} ms; rate: ${rate}.\n`);

const job = ["run", path("job.ts"), "--input", input, "--output", output, "--force"];
const options = ["--rate", rate, "--margin", `${flags.margin}ms`];
const ending = await runSluice([...job, ...options], { API_URL: api.url });

const report = (await (await fetch(`${api.url}/report`)).json()) as ArrivalReport;
api.stop();
console.log(`\n${table(report, flags.unlimited ? undefined : Number(flags.margin))}`);
console.log(`\nresults: ${relative(process.cwd(), output)}`);
process.exitCode = ending.interrupted ? 130 : exitCode(ending.code, report);

/** Without a rate the refusals are what was to be seen. */
function exitCode(code: number, { refused, worstWindow, limit }: ArrivalReport): number {
  if (flags.unlimited) return code === 1 ? 0 : code;
  if (refused === 0 && worstWindow <= limit) return code;
  console.error(
    `The API refused ${refused} requests: this machine delays some by more than the margin of ${flags.margin} ms; try npm start -- --margin 200.`,
  );
  return 1;
}

function path(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}
