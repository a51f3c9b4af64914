/**
 * Chaos on the shared stores: processes killed with -9 and stopped at random instants, servers that are
 * restarted, emptied, failed over, cut off and slowed, clocks that are set. Judged by what the callers
 * wrote down: `npm run bench -- store-chaos --rounds 100 --seed 7 --store redis --faults flush,cut`.
 */

import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildWorker } from "../packages/sluice/test/chaos/built-worker.ts";
import { openPlace, planOf, STORES } from "../packages/sluice/test/chaos/campaign.ts";
import type { StoreName } from "../packages/sluice/test/chaos/order.ts";
import { type Outcome, round } from "../packages/sluice/test/chaos/round.ts";
import { table, title, verdict } from "./harness/report.ts";

const ROUNDS = 100;
const PATIENCE_MS = 20_000;

export interface ChaosFlags {
  readonly rounds?: string;
  readonly seed?: string;
  /** One store, or several with commas between them. */
  readonly store?: string;
  readonly faults?: string;
}

export async function run(quick: boolean, flags: ChaosFlags): Promise<void> {
  const rounds = Number(flags.rounds ?? (quick ? 10 : ROUNDS));
  const seed = Number(flags.seed ?? Date.now() % 1_000_000);
  const stores = STORES.filter((store) => flags.store?.split(",").includes(store) ?? true);
  title(`${rounds} rounds of chaos on each of ${stores.join(", ")}, seed ${seed}`);
  const worker = buildWorker();
  const folder = mkdtempSync(join(tmpdir(), "sluice-chaos-"));
  chmodSync(folder, 0o755); // PostgreSQL may run as another user
  const rows: string[][] = [];
  let bad = 0;
  try {
    for (const store of stores) {
      const outcomes = await campaign({ store, worker, folder, rounds, seed, only: flags.faults });
      bad += outcomes.filter(({ breaches }) => breaches.length > 0).length;
      rows.push(rowOf(store, outcomes));
    }
  } finally {
    rmSync(worker);
    if (bad === 0) rmSync(folder, { recursive: true });
  }
  console.log();
  table(HEADING, rows);
  verdict("rounds with a breach of any kind", String(bad), "0", bad === 0);
  if (bad > 0) console.log(`What the processes of those wrote down is in ${folder}`);
}

interface Campaign {
  readonly store: StoreName;
  readonly worker: string;
  readonly folder: string;
  readonly rounds: number;
  readonly seed: number;
  readonly only: string | undefined;
}

async function campaign({
  store,
  worker,
  folder,
  rounds,
  seed,
  only,
}: Campaign): Promise<Outcome[]> {
  const own = mkdtempSync(join(folder, `${store}-`));
  chmodSync(own, 0o755);
  const place = await openPlace(store, own);
  const setting = { worker, place, seed, only: only?.split(","), patienceMs: PATIENCE_MS };
  const outcomes: Outcome[] = [];
  if (!("forward" in place.faults)) console.log(`${store}: no clock is set (needs libfaketime)`);
  try {
    for (let i = 0; i < rounds; i++) {
      const plan = planOf(setting, i);
      const outcome = await round(plan, own);
      outcomes.push(outcome);
      const what = [plan.onFailure, ...outcome.faults.map(({ name }) => name)].join(", ");
      for (const breach of outcome.breaches)
        console.log(`${store}, round ${i} (${what}): ${breach}`);
    }
  } finally {
    await place.stop();
  }
  return outcomes;
}

const HEADING = [
  "store",
  "rounds",
  "killed",
  "stopped",
  "faults",
  "admissions",
  "late",
  "in shares",
  "longest overrun",
  "breaches",
];

function rowOf(store: string, outcomes: readonly Outcome[]): string[] {
  const sum = (of: (each: Outcome) => number): string =>
    String(outcomes.reduce((total, each) => total + of(each), 0));
  return [
    store,
    String(outcomes.length),
    sum(({ kills }) => kills),
    sum(({ stops }) => stops),
    sum(({ faults }) => faults.length),
    sum(({ admissions }) => admissions),
    sum(({ late }) => late),
    sum(({ local }) => local),
    `${Math.round(Math.max(...outcomes.map(({ overrun }) => overrun)) / 1e3)} ms`,
    sum(({ breaches }) => breaches.length),
  ];
}
