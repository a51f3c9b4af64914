/** The flags of a job, which `run`, `exec` and `plan` share, and the configuration behind them. */

import { type Command, InvalidArgumentError, Option } from "commander";
import type { LimitInput } from "sluice";
import type { JobConfig } from "../config/config.ts";
import { loadConfig } from "../config/load-config.ts";
import { defaults } from "../defaults.ts";
import type { Host } from "../host.ts";
import { formats } from "../input/format.ts";

/** Options that only code and configurations have, or that are written otherwise as flags. */
type WithoutFlag =
  | "module"
  | "input"
  | "limits"
  | "perWorker"
  | "limiters"
  | "data"
  | "onResult"
  | "signal";

/** Flags as they were given; what was not given is not there. */
export interface JobFlags extends Omit<JobConfig, WithoutFlag> {
  readonly input?: readonly string[];
  readonly rate?: readonly string[];
  readonly ratePerWorker?: readonly string[];
  readonly config?: string | false;
}

/** What rows there are and how fast they may go. */
export function addRateFlags(command: Command): Command {
  return command
    .option("-i, --input <file>", "rows; several one after another; - or none for stdin", gather)
    .addOption(
      new Option("-f, --format <format>", "of the input; else its ending decides").choices(formats),
    )
    .option("--first <n>", "only so many rows", whole)
    .option(
      "-r, --rate <limit>",
      '"100/s", "5000/h", "5/s burst 10", "10/5s even", or unlimited; several hold at once',
      gather,
    )
    .option("--rate-per-worker <limit>", "the same in each worker, besides", gather)
    .option("-m, --margin <time>", `pads windows against jitter on the way (${defaults.margin})`)
    .option("-w, --workers <n>", "how many workers (1)", whole)
    .option(
      "-c, --concurrency <n>",
      `calls at once in each worker (${defaults.concurrency})`,
      whole,
    )
    .option("--config <file>", "instead of sluice.config.ts")
    .option("--no-config", "without sluice.config.ts");
}

/** All flags of a job that runs. */
export function addJobFlags(command: Command): Command {
  return addRateFlags(command)
    .option("-o, --output <file>", "results; - or none for stdout")
    .addOption(
      new Option("--output-format <format>", "else its ending decides").choices(["jsonl", "csv"]),
    )
    .option("--columns <names>", "of CSV results, such as id,name; else the first result's", names)
    .option(
      "--store <address>",
      "holds the limits with jobs elsewhere: redis://…, postgres://…, sqlite:file",
    )
    .option("--name <name>", "of the limits in the store: same name, same budget")
    .option("--grace <time>", "how late after its instant a row may start, on a store (20ms)")
    .option(
      "--store-timeout <time>",
      `how long rows wait for a store that fails (${defaults.storeTimeout})`,
    )
    .option("--failed <file>", "the rows that failed, to be run again")
    .option("-k, --ordered", "results in the order of the rows, not as they come")
    .option("--ahead <n>", "rows read and not yet written, at the most", whole)
    .option("--force", "replace an output that exists")
    .option("--journal <file>", "remembers how far it is (<output>.journal)")
    .option("--no-journal", "remember nothing")
    .option("--resume", "go on where it stopped")
    .addOption(
      new Option("--isolation <kind>", "where the function runs").choices([
        "process",
        "thread",
        "none",
      ]),
    )
    .option("--memory <MiB>", "how much each worker may hold", whole)
    .option("--retries <n>", "how often a row that failed is tried again (0)", whole)
    .option("--backoff <time>", `the longest pause before the second attempt (${defaults.backoff})`)
    .option("--max-backoff <time>", `no pause is longer (${defaults.maxBackoff})`)
    .option("-t, --timeout <time>", "how long one attempt may take")
    .option("--crashes <n>", `workers that a row may take down alone (${defaults.crashes})`, whole)
    .addOption(
      new Option("--on-error <what>", "after a row that failed").choices(["continue", "stop"]),
    )
    .option("--json", "progress as JSON Lines on stderr")
    .option("--report <file>", "a page of what happened, as one HTML file");
}

/** The options of a job: what the configuration says, and over it what the flags say. */
export async function configuredBy(flags: JobFlags, host: Pick<Host, "cwd">): Promise<JobConfig> {
  const { config, input, rate, ratePerWorker, ...same } = flags;
  const base = config === false ? {} : await loadConfig(config, host.cwd);
  return {
    ...base,
    ...same,
    ...(input ? { input: input.length === 1 ? input[0]! : { files: input } } : {}),
    ...(rate ? { limits: rate as readonly LimitInput[] } : {}),
    ...(ratePerWorker ? { perWorker: ratePerWorker as readonly LimitInput[] } : {}),
  };
}

function gather(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

/** Keys of results, with commas between them. */
function names(text: string): readonly string[] {
  const list = text.split(",").map((name) => name.trim());
  if (list.every(Boolean) && new Set(list).size === list.length) return list;
  throw new InvalidArgumentError(
    'Give different names with commas between them, such as "id,name".',
  );
}

/** A whole number; the job's own rules say which ones make sense. */
export function whole(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new InvalidArgumentError("Give a whole number.");
}
