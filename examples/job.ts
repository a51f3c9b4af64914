/**
 * A job that is stopped and goes on: rows from a generator, two workers, a rate, retries, results
 * in a file. The first run is ended in the middle, as Ctrl-C or a crash would; the second finds in
 * the journal where it stopped. Each row is in the file once.
 */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runJob } from "sluice-cli";
import type { Address, Place } from "./job/geocode.ts";

const ROWS = 60;

/** Read as rows are needed: it could be endless, or a cursor of a database. */
function* addresses(): Generator<Address> {
  for (let house = 1; house <= ROWS; house += 1) yield { street: "Via Appia", house };
}

const folder = mkdtempSync(join(tmpdir(), "job-"));
const output = join(folder, "places.jsonl");

function geocode(resume: boolean, signal?: AbortSignal) {
  return runJob<Address, Place>({
    module: fileURLToPath(new URL("job/geocode.ts", import.meta.url)),
    input: addresses(),
    limits: "40/s even",
    workers: 2,
    retries: 2,
    backoff: "50ms",
    output,
    resume,
    ...(signal ? { signal } : {}),
  });
}

const stopped = new AbortController();
let seen = 0;
for await (const { index, value, error } of geocode(false, stopped.signal)) {
  seen += 1;
  if (error) console.log(`${index}: ${error.message}`);
  else if (index % 10 === 0)
    console.log(`${index}: house ${value.house} at ${value.latitude.toFixed(4)}`);
  if (seen === ROWS / 3) stopped.abort();
}

const { rows, skipped, failed, finished } = await geocode(true).run();
console.log(`resumed: ${skipped} rows were done before, ${rows} now, ${failed} failed`);
const lines = readFileSync(output, "utf8").trim().split("\n");
const indexes = new Set(lines.map((line) => (JSON.parse(line) as { index: number }).index));
console.log(`${lines.length} results of ${indexes.size} rows`);
rmSync(folder, { recursive: true });
if (!finished || lines.length !== ROWS || indexes.size !== ROWS) process.exitCode = 1;
