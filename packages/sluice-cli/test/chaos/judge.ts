/** What must hold when a job that was killed and resumed has ended. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { parse } from "csv-parse/sync";
import { worstWindow } from "sluice/testing";
import { type Call, callsIn, FAILS_ALWAYS, FAILS_ONCE } from "./diary.ts";
import type { Mix } from "./mix.ts";

export interface Bounds {
  readonly rows: number;
  /** Calls in any window, over all workers and in each. */
  readonly limit: number;
  readonly perWorker: number;
  readonly windowMs: number;
}

/** Sentences for what does not hold; empty when everything does. */
export function breachesIn(folder: string, mix: Mix, bounds: Bounds): string[] {
  return [
    ...breachesOfOutput(folder, mix, bounds.rows),
    ...breachesOfRate(callsIn(folder), mix, bounds),
    ...readdirSync(folder)
      .filter((name) => /\.claim-|\.new$/.test(name))
      .map((name) => `the file ${name} was left behind`),
  ];
}

/** The most calls in any window: of all workers, or of one. */
export function fullest(calls: readonly Call[], windowMs: number): number {
  const admissions = calls.map(({ at }) => ({ at, units: 1 }));
  return worstWindow(admissions, windowMs * 1e3).units;
}

function breachesOfRate(calls: readonly Call[], mix: Mix, bounds: Bounds): string[] {
  const { limit, perWorker, windowMs } = bounds;
  const breaches: string[] = [];
  const all = fullest(calls, windowMs);
  if (all > limit) breaches.push(`${all} calls within ${windowMs} ms, where ${limit} are allowed`);
  if (!mix.perWorker) return breaches;
  for (const worker of new Set(calls.map((call) => call.worker))) {
    const own = calls.filter((call) => call.worker === worker);
    const most = fullest(own, windowMs);
    if (most > perWorker) {
      breaches.push(`${most} calls of worker ${worker}, where ${perWorker} are allowed`);
    }
  }
  return breaches;
}

function breachesOfOutput(folder: string, mix: Mix, rows: number): string[] {
  const breaches: string[] = [];
  const records = recordsIn(join(folder, mix.output));
  const indexes = records.map(({ index }) => Number(index));
  breaches.push(...breachesOfSet("the output", indexes, rows, () => true));
  if (mix.ordered && indexes.some((index, at) => at > 0 && index < indexes[at - 1]!)) {
    breaches.push("the output is not in order");
  }
  for (const record of records) {
    const index = Number(record["index"]);
    const failed = Boolean(record["error"]);
    const value = (record["value"] ?? record) as { n?: unknown; text?: unknown };
    const right = Number(value.n) === index && value.text === `"${index}",\nä`;
    if (failed ? !mayFail(index, mix) : index % FAILS_ALWAYS === 0 || !right) {
      breaches.push(`row ${index} became ${JSON.stringify(record)}`);
    }
  }
  const failed = new Set(records.filter(({ error }) => error).map(({ index }) => Number(index)));
  const failures = recordsIn(join(folder, "failed.jsonl")).map(
    ({ row }) => (row as { n: number }).n,
  );
  breaches.push(...breachesOfSet("the file of failures", failures, rows, (row) => failed.has(row)));
  return breaches;
}

/** A first attempt that a killed worker took counts as one, so it may have been lucky. */
function mayFail(index: number, { retries }: Mix): boolean {
  return index % FAILS_ALWAYS === 0 || (retries === 0 && index % FAILS_ONCE === 0);
}

function breachesOfSet(
  what: string,
  found: readonly number[],
  rows: number,
  wanted: (index: number) => boolean,
): string[] {
  const times = new Map<number, number>();
  for (const index of found) times.set(index, (times.get(index) ?? 0) + 1);
  const breaches: string[] = [];
  for (let index = 0; index < rows; index += 1) {
    const count = times.get(index) ?? 0;
    times.delete(index);
    if (count !== (wanted(index) ? 1 : 0)) breaches.push(`${what} has row ${index} ${count} times`);
  }
  if (times.size > 0) breaches.push(`${what} has rows that never were: ${[...times.keys()]}`);
  return breaches;
}

function recordsIn(path: string): Record<string, unknown>[] {
  if (!existsSync(path)) return [];
  const bytes = readFileSync(path);
  const text = (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString();
  if (path.includes(".csv")) return parse(text, { columns: true });
  const lines = text.split("\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}
