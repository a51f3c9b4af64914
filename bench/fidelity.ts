/** 5. Never above the limit and hardly below it, by the callers' own clock. */

import type { Judgement } from "./fidelity/judge.ts";
import { run as runOne, type RunOrder } from "./fidelity/run.ts";
import { LEAST_USE_BLOCKED, scenarios } from "./fidelity/scenarios.ts";
import { inChild } from "./harness/in-child.ts";
import { median, percent } from "./harness/numbers.ts";
import { table, title, verdict } from "./harness/report.ts";
import { pacingPeers } from "./peers/pacing.ts";

const PASSES = 5;

export const tasks = { run: runOne };

const perform = (order: RunOrder): Promise<Judgement | undefined> =>
  inChild<Judgement>(import.meta.url, "run", order, 60_000);

export async function run(quick: boolean): Promise<void> {
  title("5. Fidelity over 5 s under twice the demand");
  const orders = [false, true].flatMap((blocked) =>
    Object.keys(scenarios).map((scenario): RunOrder => ({ who: "sluice", scenario, blocked })),
  );
  orders.push({ who: "sluice", scenario: "1000/s", blocked: false, cold: true });
  const runs = new Map<RunOrder, Judgement[]>(orders.map((order) => [order, []]));
  for (let pass = 0; pass < (quick ? 1 : PASSES); pass++) {
    for (const order of orders) runs.get(order)!.push((await perform(order))!);
  }
  table(
    ["Sluice, median of runs", "worst window / limit", "use", "least use", "in order"],
    Array.from(runs, ([order, all]) => [
      named(order),
      worstOf(all).toFixed(3),
      percent(useOf(all), 2),
      percent(Math.min(...all.map(({ use }) => use)), 2),
      all.every(({ inOrder }) => inOrder) ? "yes" : "NO",
    ]),
  );
  console.log();
  for (const [order, all] of runs) judge(order, all);
  if (!quick) await peers();
}

function named({ scenario, blocked, cold }: RunOrder): string {
  return `${scenario}${blocked ? ", blocked" : ""}${cold ? ", code not compiled" : ""}`;
}

const useOf = (all: readonly Judgement[]): number => median(all.map(({ use }) => use));
const worstOf = (all: readonly Judgement[]): number => Math.max(...all.map(({ worst }) => worst));

function judge(order: RunOrder, all: readonly Judgement[]): void {
  const worst = worstOf(all);
  const { kind, count, leastUse } = scenarios[order.scenario]!;
  const most = Math.max(...all.map((each) => each.most));
  const inOrder = all.every((each) => each.inOrder);
  const [measured, target] =
    kind === "window"
      ? [`${most} in the fullest window`, `at most ${count}, in order`]
      : [`${1 - worst} below its bound`, "never above its bound, in order"];
  verdict(named(order), measured, target, worst <= 1 && inOrder);
  const least = order.blocked ? LEAST_USE_BLOCKED : leastUse;
  if (least === undefined || order.cold) return;
  const use = useOf(all);
  verdict(`${named(order)}, use`, percent(use, 2), `at least ${percent(least)}`, use >= least);
}

/** Worst window over the limit, and use, of each peer where there is a window. */
async function peers(): Promise<void> {
  const windows = Object.keys(scenarios).filter((name) => scenarios[name]!.kind === "window");
  for (const blocked of [false, true]) {
    const rows: string[][] = [];
    for (const who of ["sluice", ...Object.keys(pacingPeers)]) {
      const cells: string[] = [];
      for (const scenario of windows) {
        const judged = await perform({ who, scenario, blocked });
        cells.push(judged ? `${judged.worst.toFixed(2)}, ${percent(judged.use, 0)}` : "no end");
      }
      rows.push([who, ...cells]);
    }
    console.log();
    table([blocked ? "worst / limit, use, blocked" : "worst / limit, use", ...windows], rows);
  }
  console.log("\nBelow 100 % use is slower than ideal, above it is more than the limit in all.");
}
