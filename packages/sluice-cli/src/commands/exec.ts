/** `sluice exec`: a command for each row, at a limited rate. */

import { Command, InvalidArgumentError } from "commander";
import { CliError } from "../cli-error.ts";
import type { JobConfig } from "../config/config.ts";
import { defaults } from "../defaults.ts";
import type { CommandSpec } from "../exec/command-job.ts";
import { fillCommand, isFixed, parseCommand } from "../exec/command-template.ts";
import { findCommand } from "../exec/find-command.ts";
import { writeJobFile } from "../exec/job-file.ts";
import { shellQuote } from "../exec/shell-quote.ts";
import { exitCodes } from "../exit-codes.ts";
import type { Host } from "../host.ts";
import { openInputRows } from "../runner/open-input-rows.ts";
import { runJobFromFiles } from "../runner/run-job-from-files.ts";
import { say } from "../say.ts";
import { addJobFlags, configuredBy, type JobFlags, whole } from "./job-flags.ts";

interface Flags extends JobFlags {
  readonly jobs?: number;
  readonly accept?: readonly number[] | "any";
  readonly keep?: number;
  readonly dryRun?: boolean;
}

const help = `
The command is started without a shell; its words take what the row has:
  {}  all of the row: a line as it is, else JSON     {name} {a.b} {list.0}  parts of it
  {index}  its number from 0                         {{name}}  the braces themselves
Other braces stand for themselves. Without any of these the row is the last argument. Rows from
stdin are lines unless --format says otherwise.

A row's result is {"exitCode":0,"stdout":…,"stderr":…}; an exit code that is not accepted is the
row's error, with the code EXIT_<number>, and is tried again with --retries.

Examples:
  sluice exec --rate 10/s -i ids.txt -o pages.jsonl -- curl -sf https://example.com/{}
  sluice exec --rate 2/s -i users.csv --retries 3 --timeout 30s -- ./send.sh {email} {name}
  ls *.png | sluice exec --rate unlimited -j 4 -- optipng`;

/** @param done - Takes the exit code. */
export function execCommand(host: Host, done: (exitCode: number) => void): Command {
  const command = new Command("exec")
    .summary("run a command for each row at a limited rate")
    .description("Runs a command for every row of the input, at a limited rate.")
    .argument("<command...>", "after --: the program and its arguments, with places for the row")
    .passThroughOptions();
  return addJobFlags(command)
    .option("-j, --jobs <n>", "the same as --concurrency", whole)
    .option("--accept <codes>", 'exit codes that are results, such as "0,1", or "any" (0)', codes)
    .option("--keep <bytes>", `of stdout, and of stderr, per row (${defaults.keepOutput})`, whole)
    .option("--dry-run", "print the commands and run none")
    .addHelpText("after", help)
    .action(async (words: readonly string[], flags: Flags) => done(await exec(words, flags, host)));
}

async function exec(words: readonly string[], flags: Flags, host: Host): Promise<number> {
  const { jobs, accept = [0], keep = defaults.keepOutput, dryRun = false, ...jobFlags } = flags;
  if (jobs !== undefined && flags.concurrency !== undefined) {
    throw new CliError(
      "USAGE",
      `--jobs ${jobs} and --concurrency ${flags.concurrency} are the same setting; give one of them.`,
    );
  }
  const config = linesFromStdin(await configuredBy(jobFlags, host));
  if (dryRun) return await printCommands(words, config, host);
  const templates = parseCommand(words);
  if (isFixed(templates[0]!)) await findCommand(words[0]!, host);
  const spec: CommandSpec = { words, accept, keep };
  await using file = await writeJobFile(spec);
  // A process of its own can end the commands when the job is gone.
  const options = {
    workers: 1,
    ...config,
    module: file.path,
    ...(jobs === undefined ? {} : { concurrency: jobs }),
  };
  return await runJobFromFiles(options, host, shellQuote(words));
}

/** Whoever pipes rows into a command means lines. */
function linesFromStdin(config: JobConfig): JobConfig {
  const { input = "-", format } = config;
  return input === "-" && format === undefined ? { ...config, format: "lines" } : config;
}

async function printCommands(
  words: readonly string[],
  config: JobConfig,
  host: Host,
): Promise<number> {
  const templates = parseCommand(words);
  const { source } = await openInputRows(config, config.first ?? Number.MAX_SAFE_INTEGER, host);
  let failed = false;
  for await (const row of source) {
    try {
      if ("problem" in row) throw row.problem;
      await say(host.stdout, `${shellQuote(fillCommand(templates, row.value, row.index))}\n`);
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      failed = true;
      await say(host.stderr, `row ${row.index}: ${error.message} [${error.code}]\n`);
    }
  }
  return failed ? exitCodes.rowsFailed : exitCodes.ok;
}

function codes(text: string): readonly number[] | "any" {
  if (text === "any") return text;
  const list = text
    .split(",")
    .map((code) => (/^\d+$/.test(code.trim()) ? Number(code) : Number.NaN));
  if (list.every((code) => code >= 0 && code <= 255)) return list;
  throw new InvalidArgumentError('Give exit codes from 0 to 255 such as "0,1", or "any".');
}
