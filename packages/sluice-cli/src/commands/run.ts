/** `sluice run`: a function, a stream of rows, a rate, a result file. */

import { Command, InvalidArgumentError, Option } from "commander";
import { defaults } from "../defaults.ts";
import type { Host } from "../host.ts";
import { type Format, formats } from "../input/format.ts";
import { type RunSettings, runJobFromFiles } from "../runner/run-job-from-files.ts";

interface Flags {
  readonly input?: string;
  readonly output?: string;
  readonly rate?: readonly string[];
  readonly concurrency: number;
  readonly margin: string;
  readonly format?: Format;
  readonly ordered: boolean;
  readonly force: boolean;
}

const help = `
The module's default export is called with each row and { index, signal }; what it returns is the
row's result, what it throws the row's error. Results are JSON Lines:
  {"index":0,"value":…}   or   {"index":0,"error":{"name":…,"message":…,"code":…}}

Ctrl-C once starts no more rows and finishes those that run; twice ends at once.

Exit codes: 0 all rows done, 1 some rows failed, 2 wrong usage, bad input or an output that cannot
be written, 130 Ctrl-C, 141 whoever read the results went away, 143 SIGTERM.

Example:
  sluice run ./job.ts --input rows.jsonl --output results.jsonl --rate 100/s --rate 5000/h`;

/** @param done - Takes the exit code. */
export function runCommand(host: Host, done: (exitCode: number) => void): Command {
  return new Command("run")
    .summary("run a function over rows at a limited rate")
    .description("Runs the function of a module over every row of the input, at a limited rate.")
    .argument("<module>", "a .ts or .js file whose default export is an async function of one row")
    .option("-i, --input <file>", "rows, one a line; - or nothing for standard input")
    .option("-o, --output <file>", "results as JSON Lines; - or nothing for standard output")
    .option(
      "-r, --rate <limit>",
      `"100/s", "5000/h", "5/s burst 10", "10/5s even", or unlimited; several hold at once`,
      (text: string, before: readonly string[] = []) => [...before, text],
    )
    .option("-c, --concurrency <calls>", "calls at once", parseCount, defaults.concurrency)
    .option("-m, --margin <duration>", "pads windows against jitter on the way", defaults.margin)
    .addOption(
      new Option("-f, --format <format>", "of the input; else its ending decides").choices(formats),
    )
    .option("--ordered", "results in the order of the rows, not as they come", false)
    .option("--force", "replace an output that exists", false)
    .addHelpText("after", help)
    .action(async (module: string, flags: Flags) => {
      done(await runJobFromFiles(settingsOf(module, flags), host));
    });
}

function settingsOf(module: string, { rate, ...flags }: Flags): RunSettings {
  return { module, rates: rate ?? [], ...flags };
}

function parseCount(text: string): number {
  const calls = Number(text);
  if (Number.isSafeInteger(calls) && calls >= 1 && calls <= 100_000) return calls;
  throw new InvalidArgumentError("Give a whole number from 1 to 100000.");
}
