/** 3. What a key costs in memory, and whether it comes back. */

import { setTimeout as sleep } from "node:timers/promises";
import { createLimiter, pace, window } from "sluice";
import { inChild } from "./harness/in-child.ts";
import { digits, median, percent, usedBytes } from "./harness/numbers.ts";
import { table, title, verdict } from "./harness/report.ts";
import { bareMap, type Keyed, keyedPeers } from "./peers/keyed.ts";

const MILLION = 1_000_000;
const PEER_KEYS = 100_000;
const PASSES = 3;
/** Keys are idle 1 s after their admission; the sweep comes within a minute. */
const PATIENCE_S = 75;

const limits = {
  pace: { limit: pace("1/s"), most: 100 },
  "window of 10": { limit: window(10, "1s"), most: 130 },
};

type LimitName = keyof typeof limits;

interface Taken {
  readonly bytesPerKey: number;
  /** Bytes in use before and after, and how long it took until all keys were gone. */
  readonly start: number;
  readonly end: number;
  readonly seconds: number;
}

async function sluice(name: LimitName): Promise<Taken> {
  const keys = makeKeys(MILLION);
  const limiter = createLimiter(limits[name].limit);
  limiter.tryAcquire({ key: "another" });
  const start = usedBytes();
  // In one turn: no sweep can come before the measurement.
  for (const key of keys) {
    if (!limiter.tryAcquire({ key }).granted) throw new Error(`${key} was refused.`);
  }
  const bytesPerKey = (usedBytes() - start) / MILLION;
  const idle = performance.now();
  do await sleep(1_000);
  while (limiter.stats().keys > 0 && performance.now() - idle < PATIENCE_S * 1e3);
  const seconds = (performance.now() - idle) / 1e3;
  await sleep(100);
  const end = usedBytes();
  if (limiter.stats().admitted !== MILLION + 1 || keys.length !== MILLION) throw new Error("lost");
  return { bytesPerKey, start, end, seconds };
}

async function floor(): Promise<number> {
  return bytesPerKey(bareMap, MILLION);
}

async function peer(name: string): Promise<number> {
  return bytesPerKey(keyedPeers[name]!, PEER_KEYS);
}

async function bytesPerKey(take: Keyed, count: number): Promise<number> {
  const keys = makeKeys(count);
  await take(keys.slice(0, 10));
  const start = usedBytes();
  const state = await take(keys);
  await sleep(10);
  const bytes = (usedBytes() - start) / count;
  if (Object.keys(state).length < 0 || keys.length !== count) throw new Error("lost");
  return bytes;
}

/** The key strings themselves, held by their owner. */
function makeKeys(count: number): string[] {
  const keys = Array.from({ length: count }, (_, i) => `user:${i}`);
  return keys;
}

export const tasks = { sluice, floor, peer };

export async function run(quick: boolean): Promise<void> {
  title("3. Memory of 1,000,000 keys, one admission each");
  const names = Object.keys(limits) as LimitName[];
  const taken = new Map<LimitName, Taken[]>(names.map((name) => [name, []]));
  const floors: number[] = [];
  for (let pass = 0; pass < (quick ? 1 : PASSES); pass++) {
    floors.push((await inChild<number>(import.meta.url, "floor", null))!);
    for (const name of names) {
      taken.get(name)!.push((await inChild<Taken>(import.meta.url, "sluice", name))!);
    }
  }
  const rows = [["a bare Map with one number", digits(median(floors)), "1,000,000"]];
  for (const [name, all] of taken) {
    rows.push([`Sluice, ${name}`, digits(median(all.map((one) => one.bytesPerKey))), "1,000,000"]);
  }
  for (const name of quick ? [] : Object.keys(keyedPeers)) {
    const bytes = await inChild<number>(import.meta.url, "peer", name, 120_000);
    rows.push([name, bytes === undefined ? "no end" : digits(bytes), "100,000"]);
  }
  table(["", "bytes per key", "keys"], rows);
  console.log();
  for (const name of names) judge(name, taken.get(name)!);
}

function judge(name: LimitName, all: readonly Taken[]): void {
  const { most } = limits[name];
  const bytes = median(all.map(({ bytesPerKey }) => bytesPerKey));
  verdict(`a key with a ${name}`, `${digits(bytes)} bytes`, `at most ${most}`, bytes <= most);
  const grown = Math.max(...all.map(({ start, end }) => end / start - 1));
  const seconds = Math.max(...all.map(({ seconds }) => seconds));
  const measured = `${percent(grown)} above the start after ${digits(seconds)} s of idling`;
  verdict(`the memory of ${name} comes back`, measured, "within 5 %", grown <= 0.05);
}
