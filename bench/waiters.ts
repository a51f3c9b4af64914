/** 4. A million waiters: their memory, the stalls of their release, and how fast they drain. */

import { inChild } from "./harness/in-child.ts";
import { digits, median } from "./harness/numbers.ts";
import { table, title, verdict } from "./harness/report.ts";
import { type Drained, drain } from "./waiters/drain.ts";
import { type Held, hold } from "./waiters/memory.ts";
import { type Release, release, releases } from "./waiters/release.ts";
import { pacingPeers } from "./peers/pacing.ts";

const PASSES = 3;
const PEER_WAITERS = 100_000;
const MILLION = 1_000_000;
/** Exact within a window by what they promise; the others do not keep the bound. */
const draining = ["p-ratelimit", "p-queue strict", "p-throttle strict", "async-sema RateLimit"];

export const tasks = { hold, release, drain };

const within = <R>(task: keyof typeof tasks, argument: unknown): Promise<R | undefined> =>
  inChild<R>(import.meta.url, task, argument, 120_000);

async function repeat<R>(times: number, task: keyof typeof tasks, argument: unknown): Promise<R[]> {
  const results: R[] = [];
  while (results.length < times) results.push((await within<R>(task, argument))!);
  return results;
}

export async function run(quick: boolean): Promise<void> {
  title("4. 1,000,000 waiters");
  const passes = quick ? 1 : PASSES;
  await memory(passes, quick);
  await stalls(passes);
  await drains(passes, quick);
}

async function memory(passes: number, quick: boolean): Promise<void> {
  const held = await repeat<Held>(passes, "hold", { who: "sluice", waiters: MILLION });
  const rows = [row("Sluice", MILLION, held)];
  for (const who of quick ? [] : Object.keys(pacingPeers)) {
    const peer = await within<Held>("hold", { who, waiters: PEER_WAITERS });
    rows.push(peer ? row(who, PEER_WAITERS, [peer]) : [who, "100,000", "", "", "no end"]);
  }
  table(["", "waiters", "bytes each", "bare promises", "ratio"], rows);
  console.log();
  const ratio = median(held.map(ratioOf));
  verdict("memory", `${digits(ratio)} of bare promises`, "at most 1.2", ratio <= 1.2);
  console.log();
}

const ratioOf = ({ bytes, floor }: Held): number => bytes / floor;

function row(who: string, waiters: number, held: readonly Held[]): string[] {
  return [
    who,
    waiters.toLocaleString("en"),
    digits(median(held.map(({ bytes }) => bytes))),
    digits(median(held.map(({ floor }) => floor))),
    digits(median(held.map(ratioOf))),
  ];
}

async function stalls(passes: number): Promise<void> {
  const all = new Map<string, Release[]>(releases.map((by) => [by, []]));
  for (let pass = 0; pass < passes; pass++) {
    for (const by of releases) all.get(by)!.push((await within<Release>("release", by))!);
  }
  for (const [by, runs] of all) {
    const longest = median(runs.map(({ longest }) => longest));
    const each = runs.map(({ longest }) => digits(longest)).join(", ");
    const took = digits(median(runs.map(({ took }) => took)));
    const measured = `${digits(longest)} ms (runs: ${each}), all gone in ${took} ms`;
    if (by === "floor") console.log(`  (bare promises, resolved in slices of 5 ms: ${measured})`);
    else verdict(`longest stall, ${by}`, measured, "below 50 ms", longest < 50);
  }
  console.log();
}

async function drains(passes: number, quick: boolean): Promise<void> {
  const all = await repeat<Drained>(passes, "drain", "sluice");
  const rows = [
    ["Sluice", ...cells(all.toSorted((a, b) => a.seconds - b.seconds)[all.length >> 1]!)],
  ];
  for (const who of quick ? [] : draining) {
    const peer = await within<Drained>("drain", who);
    rows.push(peer ? [who, ...cells(peer)] : [who, "no end", "", ""]);
  }
  table(["1,000,000 at 200,000/s", "s", "worst window", "over the limit"], rows);
  console.log();
  const seconds = median(all.map((one) => one.seconds));
  const worst = Math.max(...all.map((one) => one.worst));
  verdict("drained in", `${seconds.toFixed(3)} s`, "at most 4.2 s, ideal 4", seconds <= 4.2);
  const full = worst.toLocaleString("en");
  verdict("the fullest window", full, "at most 200,000", worst <= 200_000);
}

function cells({ seconds, worst }: Drained): string[] {
  return [seconds.toFixed(3), worst.toLocaleString("en"), digits(worst / 200_000)];
}
