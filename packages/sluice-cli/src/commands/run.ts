/** `sluice run`: a function, a stream of rows, a rate, a result file. */

import { Command } from "commander";
import { CliError } from "../cli-error.ts";
import type { Host } from "../host.ts";
import { runJobFromFiles } from "../runner/run-job-from-files.ts";
import { addJobFlags, configuredBy, type JobFlags } from "./job-flags.ts";

const help = `
The module's default export is called with each row and its context: { index, attempt, signal,
worker, limiter }. What it returns is the row's result, what it throws the row's error. It may also
export setup, teardown, transform and limits. Results are JSON Lines:
  {"index":0,"value":…}   or   {"index":0,"error":{"name":…,"message":…,"code":…}}

Without --workers the function runs in this process; with --workers in so many processes of its own,
which are replaced when they are lost.

Ctrl-C once starts no more rows and finishes those that run; twice ends at once. Either way a job
with an output file goes on with --resume.

Exit codes: 0 all rows done, 1 some rows failed, 2 wrong usage, bad input or an output that cannot
be written or a store that fails, 130 Ctrl-C, 141 whoever read the results went away, 143 SIGTERM.

Examples:
  sluice run ./job.ts --input rows.jsonl --output results.jsonl --rate 100/s --rate 5000/h
  sluice run ./job.ts -i rows.csv -o results.csv -r 50/s --workers 4 --retries 3 --timeout 30s
  sluice run ./job.ts -i rows.csv -o results.csv -r 50/s --workers 4 --resume
  sluice run ./job.ts -i part1.csv -o results1.csv -r 50/s --store redis://db --name geocoder`;

/** @param done - Takes the exit code. */
export function runCommand(host: Host, done: (exitCode: number) => void): Command {
  const command = new Command("run")
    .summary("run a function over rows at a limited rate")
    .description("Runs the function of a module over every row of the input, at a limited rate.")
    .argument("[module]", "a .ts or .js file whose default export is an async function of one row");
  return addJobFlags(command)
    .addHelpText("after", help)
    .action(async (module: string | undefined, flags: JobFlags) => {
      const config = await configuredBy(flags, host);
      const file = module ?? config.module;
      if (file === undefined) {
        throw new CliError(
          "USAGE",
          "nothing says what to run; give the path of a job module, or name it in sluice.config.ts.",
        );
      }
      done(await runJobFromFiles({ ...config, module: file }, host));
    });
}
