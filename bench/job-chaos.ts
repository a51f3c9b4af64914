/**
 * 11. Jobs whose workers, and which themselves, are killed with -9 at random instants, and resumed:
 * `npm run bench -- job-chaos --runs 500 --seed 7`.
 */

import { chaosRun, type ChaosOutcome } from "../packages/sluice-cli/test/chaos/chaos-run.ts";
import { type Mix, mixes, nameOf } from "../packages/sluice-cli/test/chaos/mix.ts";
import { randomFrom } from "../packages/sluice/test/chaos/random.ts";
import { table, title, verdict } from "./harness/report.ts";

/** The runs mostly wait for their rate, so several go at once. */
const AT_ONCE = 6;
const MARGIN_MS = 500;
const bounds = { rows: 70, limit: 40, perWorker: 18, windowMs: 2_000 };

export async function run(quick: boolean, flags: { runs?: string; seed?: string }): Promise<void> {
  const runs = Number(flags.runs ?? (quick ? 16 : 200));
  const seed = Number(flags.seed ?? Date.now() % 1_000_000);
  title(`11. ${runs} jobs killed with -9 at random instants and resumed, seed ${seed}`);
  const outcomes = new Map<Mix, ChaosOutcome[]>(mixes.map((mix) => [mix, []]));
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let at = next++; at < runs; at = next++) {
      const mix = mixes[at % mixes.length]!;
      const random = randomFrom(seed + at);
      const outcome = await chaosRun({ mix, bounds, margin: MARGIN_MS, random });
      outcomes.get(mix)!.push(outcome);
      for (const breach of outcome.breaches) console.log(`run ${at}, ${nameOf(mix)}: ${breach}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  show(outcomes);
}

function show(outcomes: ReadonlyMap<Mix, readonly ChaosOutcome[]>): void {
  const rows = [...outcomes].map(([mix, all]) => {
    const sum = (of: (each: ChaosOutcome) => number): string =>
      String(all.reduce((total, each) => total + of(each), 0));
    return [
      nameOf(mix),
      String(all.length),
      sum(({ jobsKilled }) => jobsKilled),
      sum(({ workersKilled }) => workersKilled),
      sum(({ calls }) => calls),
      String(Math.max(0, ...all.map(({ worst }) => worst))),
      sum(({ breaches }) => breaches.length),
    ];
  });
  const heading = ["", "runs", "jobs killed", "workers killed", "calls", "fullest", "breaches"];
  table(heading, rows);
  console.log();
  const all = [...outcomes.values()].flat();
  const worst = Math.max(...all.map((each) => each.worst));
  const { limit, windowMs } = bounds;
  verdict(`fullest ${windowMs} ms`, String(worst), `at most ${limit}`, worst <= limit);
  const bad = all.filter(({ breaches }) => breaches.length > 0).length;
  verdict("runs with a breach of any kind", `${bad} of ${all.length}`, "0", bad === 0);
}
