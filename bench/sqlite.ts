/** 12. SQLite: a decision beside a bare upsert through the same handle, and four processes on one key. */

import { inChild } from "./harness/in-child.ts";
import { digits, median, percent } from "./harness/numbers.ts";
import { table, title, verdict } from "./harness/report.ts";
import type { Speed } from "./harness/rounds.ts";
import { type Binding, findBindings } from "./sqlite/bindings.ts";
import type { Verb } from "./sqlite/caller.ts";
import { type Latency, measureCallers, PROCESSES } from "./sqlite/callers.ts";
import { decisions } from "./sqlite/decisions.ts";

const PASSES = 5;
const CALLERS_MS = 4_000;
const LEAST_RATIO = 0.5;
const MOST_P999_MS = 50;

/** Several limits are there to be seen. */
const judged = ["pace", "window of 10", "window of 1,000"];

const module = new URL("sqlite/decisions.ts", import.meta.url).href;

export async function run(quick: boolean): Promise<void> {
  const bindings = await findBindings();
  title("12. SQLite, one process: decisions a second, allowed, one key, beside a bare upsert");
  await compareSpeeds(bindings, quick ? 1 : PASSES);
  title(`12. SQLite, ${PROCESSES} processes on one key at full speed`);
  await compareLatencies(bindings, quick ? 1 : PASSES);
}

async function compareSpeeds(bindings: readonly Binding[], passes: number): Promise<void> {
  const speeds = new Map<string, Speed[]>();
  for (let pass = 0; pass < passes; pass++) {
    for (const { name, driver, node } of bindings) {
      for (const limit of Object.keys(decisions)) {
        const what = `${name}: ${limit}`;
        const speed = await inChild<Speed>(module, "decide", { driver, limit }, 120_000, node);
        if (speed) speeds.set(what, [...(speeds.get(what) ?? []), speed]);
      }
    }
  }
  const ratios = Array.from(speeds, ([what, all]) => {
    return { what, all: all.map(({ ratio }) => 1 / ratio) };
  });
  const rows = ratios.map(({ what, all }) => {
    const of = (field: "floor" | "subject"): string => {
      return digits(1e9 / median(speeds.get(what)!.map((speed) => speed[field])));
    };
    const spread = `${digits(Math.min(...all))} to ${digits(Math.max(...all))}`;
    return [what, of("subject"), of("floor"), digits(median(all)), spread];
  });
  table(["decisions a second", "decisions", "upserts", "ratio", "in all runs"], rows);
  console.log();
  for (const { what, all } of ratios) {
    const ratio = median(all);
    if (!judged.some((limit) => what.endsWith(`: ${limit}`))) continue;
    verdict(
      what,
      `${digits(ratio)} of a bare upsert`,
      `at least ${LEAST_RATIO}`,
      ratio >= LEAST_RATIO,
    );
  }
}

async function compareLatencies(bindings: readonly Binding[], passes: number): Promise<void> {
  const verbs: Verb[] = ["tryAcquire", "acquire", "bare upsert, busy_timeout 5000"];
  const rows: string[][] = [];
  const tails: { what: string; p999: number; target: boolean }[] = [];
  for (const binding of bindings) {
    for (const verb of verbs) {
      const runs: Latency[] = [];
      for (let pass = 0; pass < passes; pass++) {
        runs.push(await measureCallers(binding, verb, CALLERS_MS));
      }
      const of = (field: keyof Latency): number => median(runs.map((each) => each[field]));
      const what = `${binding.name}: ${verb}`;
      const times = (["p50", "p99", "p999", "longest"] as const).map((field) => digits(of(field)));
      const busy = percent(of("busy"), 2);
      rows.push([what, digits(of("speed")), ...times, busy, percent(of("leastShare"))]);
      tails.push({ what, p999: of("p999"), target: verb !== "bare upsert, busy_timeout 5000" });
    }
  }
  table(["calls", "a second", "p50 ms", "p99", "p99.9", "longest", "busy", "least share"], rows);
  console.log();
  for (const { what, p999, target } of tails) {
    if (!target) continue;
    verdict(
      `${what}, p99.9`,
      `${digits(p999)} ms`,
      `under ${MOST_P999_MS} ms`,
      p999 < MOST_P999_MS,
    );
  }
}
