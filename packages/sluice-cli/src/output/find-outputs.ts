/** Looks at where results shall go, and refuses what would destroy something. Opens nothing. */

import { constants, type Stats } from "node:fs";
import { access, realpath, stat } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import { CliError, systemReason } from "../cli-error.ts";
import type { Host } from "../host.ts";
import { withoutGz } from "../input/format.ts";
import { type Input, statsOf } from "../input/open-input.ts";

export const outputFormats = ["jsonl", "csv"] as const;

export type OutputFormat = (typeof outputFormats)[number];

export interface OutputOptions {
  /** A path; `-` and nothing for stdout. */
  readonly output?: string;
  readonly failed?: string;
  readonly journal?: string;
  /** A file that is written when the job has ended, and may replace an earlier one. */
  readonly report?: string;
  /** Default by the ending of the output, else JSON Lines. */
  readonly outputFormat?: OutputFormat;
  readonly resume: boolean;
}

/** A file that results shall go to. */
export interface Place {
  /** As it is called in messages. */
  readonly name: string;
  readonly file: string;
  readonly exists: boolean;
  /** Whether it is a file, or will be one; a pipe cannot be cut and gone on with. */
  readonly regular: boolean;
  readonly gzip: boolean;
}

export interface FoundOutputs {
  /** Undefined for stdout. */
  readonly results: Place | undefined;
  readonly failures: Place | undefined;
  readonly format: OutputFormat;
}

interface Target extends Place {
  readonly stats: Stats | undefined;
}

export async function findOutputs(
  options: OutputOptions,
  inputs: readonly Pick<Input, "stats">[],
  host: Host,
): Promise<FoundOutputs> {
  const { output, failed, journal, report, resume } = options;
  const standard = isStandard(output);
  if (standard && resume) throw resumeNeedsFile();
  if (failed === "-") throw failuresToStdout();
  const find = (path: string | undefined, what: string): Promise<Target> | undefined =>
    path === undefined ? undefined : findTarget(path, what, host);
  const results = await (standard ? undefined : find(output, "the output"));
  const failures = await find(failed, "the file of failures");
  const journalFile = await find(journal, "the journal");
  const reportFile = await find(report, "the report");
  if (reportFile) await refuseUnwritable(reportFile);
  // The journal is opened before them, and would be blamed.
  for (const place of [results, failures])
    if (place?.exists === false) await refuseUnwritable(place);
  const targets = [results, failures, journalFile, reportFile].filter(
    (target) => target !== undefined,
  );
  const stdout = { name: "standard output", stats: standard ? statsOf(host.stdout.fd) : undefined };
  for (const { stats, name } of [stdout, ...targets]) {
    if (inputs.some((input) => isSameFile(stats, input.stats))) throw isInput(name);
  }
  for (const [at, one] of targets.entries()) {
    for (const other of targets.slice(0, at)) {
      if (one.file === other.file || isSameFile(one.stats, other.stats)) throw isTwice(one, other);
    }
  }
  return { results, failures, format: options.outputFormat ?? formatOf(output) };
}

/** Files that are there already are left alone, unless they may be replaced. */
export function refuseExisting({ results, failures }: FoundOutputs, resume: boolean): void {
  for (const place of [results, failures]) {
    if (!place?.exists || !place.regular) continue;
    throw new CliError(
      "OUTPUT_EXISTS",
      resume
        ? `${place.name} exists, but there is no journal to go on from; name the journal with --journal, or add --force instead of --resume to start anew and replace it.`
        : `${place.name} exists already; move it away, name another, or add --force to replace it.`,
    );
  }
}

/** Whether the path means stdout. */
export function isStandard(path: string | undefined): path is "-" | undefined {
  return path === undefined || path === "-";
}

/** For what is opened at the end of a job: hours later is too late to say it. */
async function refuseUnwritable({ file, name, stats }: Target): Promise<void> {
  try {
    if (stats?.isDirectory()) throw new Error("it is a directory");
    await access(stats ? file : dirname(file), constants.W_OK);
  } catch (error) {
    throw unwritable(name, error);
  }
}

/** The sentence for a file that cannot be opened. */
export function unwritable(name: string, error: unknown): CliError {
  return new CliError(
    "OUTPUT_UNWRITABLE",
    `${name} cannot be written (${systemReason(error)}); give a path in a folder that exists and may be written to.`,
  );
}

async function findTarget(path: string, what: string, host: Host): Promise<Target> {
  const file = resolve(host.cwd, path);
  const stats = await stat(file).catch(() => undefined);
  const folder = await realpath(dirname(file)).catch(() => dirname(file));
  return {
    name: `${what} "${path}"`,
    file: join(folder, basename(file)),
    stats,
    exists: stats !== undefined,
    regular: stats?.isFile() ?? true,
    gzip: /\.gz$/i.test(path),
  };
}

function formatOf(path: string | undefined): OutputFormat {
  return extname(withoutGz(path ?? "")).toLowerCase() === ".csv" ? "csv" : "jsonl";
}

function isSameFile(output: Stats | undefined, input: Stats | undefined): boolean {
  if (!output?.isFile() || !input?.isFile()) return false;
  return output.dev === input.dev && output.ino === input.ino;
}

function isInput(name: string): CliError {
  return new CliError(
    "OUTPUT_IS_INPUT",
    `${name} is the input itself, which would be lost; write to another file.`,
  );
}

function isTwice(one: Target, other: Target): CliError {
  return new CliError(
    "USAGE",
    `${one.name} is the same file as ${other.name}; give each a file of its own.`,
  );
}

function failuresToStdout(): CliError {
  return new CliError(
    "USAGE",
    'the file of failures cannot be "-", because stdout has the results; name a file with --failed.',
  );
}

function resumeNeedsFile(): CliError {
  return new CliError(
    "RESUME_NEEDS_FILE",
    "a job cannot go on with stdout, because what stdout was given cannot be cut back to the last record that is certain; name the file of the earlier run with --output.",
  );
}
