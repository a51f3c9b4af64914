/** `sluice plan`: how long a job will take and what holds it back, without running it. */

import { Command } from "commander";
import { CliError } from "../cli-error.ts";
import { exitCodes } from "../exit-codes.ts";
import { Forecast } from "../forecast/forecast.ts";
import type { Host } from "../host.ts";
import { count, plural, span } from "../progress/words.ts";
import { millisOf } from "../runner/duration.ts";
import { openGate } from "../runner/gate.ts";
import { loadModule } from "../runner/load-module.ts";
import { openInputRows } from "../runner/open-input-rows.ts";
import { settingsOf } from "../runner/job-settings.ts";
import { say } from "../say.ts";
import type { JobConfig } from "../config/config.ts";
import { addRateFlags, configuredBy, type JobFlags, whole } from "./job-flags.ts";

interface Flags extends JobFlags {
  readonly rows?: number;
  readonly took?: string;
  readonly json?: boolean;
}

/** More rows are not simulated: the rest goes on as those did. */
const MOST = 5_000_000;

const help = `
The limits themselves are asked, row after row, on a clock that is wound forward: with bursts,
quotas, several limits at once and the margin. With --took the calls at once count as well.

Examples:
  sluice plan --rows 1000000 --rate 100/s --rate 50000/h
  sluice plan ./job.ts --input rows.jsonl --rate 10/s --workers 4 --took 800ms`;

/** @param done - Takes the exit code. */
export function planCommand(host: Host, done: (exitCode: number) => void): Command {
  const command = new Command("plan")
    .summary("say how long a job will take, and run nothing")
    .description("Says when the last row of a job would start, and which limit holds it back.")
    .argument("[module]", "the job module, for the limits that it exports");
  return addRateFlags(command)
    .option("-n, --rows <n>", "how many rows, where the input cannot be counted", whole)
    .option("-t, --took <time>", "how long one call takes; else it takes no time")
    .option("--json", "the answer as JSON")
    .addHelpText("after", help)
    .action(async (module: string | undefined, flags: Flags) => {
      await say(host.stdout, await plan(module, flags, host));
      done(exitCodes.ok);
    });
}

/** The answer as a program reads it; spans are milliseconds. */
interface Plan {
  readonly rows: number;
  readonly limits: readonly string[];
  readonly margin: number | string;
  /** Until the last row starts, and until it ends if it is known how long calls take. */
  readonly last: number;
  readonly end: number;
  /** False when only the first rows were simulated. */
  readonly exact: boolean;
  readonly heldBack: readonly { readonly by: string; readonly ms: number }[];
}

async function plan(module: string | undefined, flags: Flags, host: Host): Promise<string> {
  const { rows: asked, took, json = false, ...rateFlags } = flags;
  const config = await configuredBy(rateFlags, host);
  const file = module ?? config.module;
  const { json: _json, report: _report, ...options } = config;
  const settings = settingsOf({ ...options, module: file ?? "none" });
  const fromModule =
    config.limits === undefined && config.perWorker === undefined && file !== undefined
      ? (await loadModule(file, host.cwd)).limits
      : undefined;
  const rows = Math.min(settings.first, asked ?? (await countOf(config, settings.first, host)));
  await using gate = openGate({
    limits: config.limits ?? fromModule,
    perWorker: config.perWorker,
    slots: settings.workers,
    margin: settings.margin,
    clock: host.clock,
  });
  const ms = took === undefined ? 0 : millisOf(took as never, "--took");
  const forecast = new Forecast({
    limits: gate.limits,
    margin: gate.margin,
    keys: Array.from({ length: settings.workers }, (_, slot) => `worker ${slot}`),
    rows,
    lanes: settings.workers * settings.concurrency,
    took: ms,
    clock: host.clock,
  });
  forecast.run(MOST);
  const answer: Plan = {
    rows,
    limits: Object.keys(gate.limits),
    margin: settings.margin,
    last: forecast.last,
    end: forecast.last + ms,
    exact: forecast.done,
    heldBack: forecast.heldBack.map(([by, held]) => ({ by, ms: held })),
  };
  return json ? `${JSON.stringify(answer)}\n` : inWords(answer, took, host);
}

async function countOf(config: JobConfig, first: number, host: Host): Promise<number> {
  const input = await openInputRows(config, first, host);
  const rows = await input.count(new AbortController().signal);
  input.source.close();
  if (rows !== undefined) return rows;
  throw new CliError(
    "USAGE",
    "how many rows there are is not known before they are read (standard input, compressed or large); add --rows.",
  );
}

/** The last instant that a date can name, in milliseconds. */
const LAST_DATE = 8.64e15;

function instantOf(wall: number): string {
  if (wall > LAST_DATE) return "after the year 275760";
  return `at ${new Date(wall).toISOString().replace("T", " ").slice(0, -5)} UTC`;
}

function inWords(plan: Plan, took: string | undefined, { clock }: Pick<Host, "clock">): string {
  const { rows, limits, margin, last, end, exact, heldBack } = plan;
  const when = instantOf(clock.wall() + end);
  const about = exact ? "" : "about ";
  const lines = [
    `${plural(rows, "row", "rows")} at ${limits.join(", ")} with a margin of ${margin}`,
    `the last one starts ${about}${span(last)} after the first${took === undefined ? "" : `, and ends after ${span(end)}`}`,
    `started now, the job would end ${when}`,
  ];
  const held = heldBack.filter(({ ms }) => ms >= 1);
  if (held.length === 0) lines.push("nothing holds it back: it is as fast as its calls");
  for (const { by, ms } of held) lines.push(`held back by ${by} for ${span(ms)}`);
  if (!exact) lines.push(`(simulated for ${count(MOST)} rows; the rest goes on as those did)`);
  return `${lines.join("\n")}\n`;
}
