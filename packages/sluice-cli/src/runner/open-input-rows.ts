import { CliError } from "../cli-error.ts";
import type { Host } from "../host.ts";
import { countOf, countRows } from "../input/count-rows.ts";
import { iterableRows } from "../input/iterable-rows.ts";
import { type Input, openInputs } from "../input/open-input.ts";
import { fileRows } from "../input/row-source.ts";
import type { JobFiles, JobOptions } from "./job-options.ts";
import { shown } from "./option-kinds.ts";
import type { RowSource } from "./parts.ts";

export interface InputRows {
  /** Empty for an iterable. */
  readonly files: readonly Input[];
  readonly source: RowSource;
  /** How many rows there will be, when that is cheap to know. */
  count(signal: AbortSignal): Promise<number | undefined>;
}

/** The rows of a job, from files or from an iterable. */
export async function openInputRows(
  { input, format }: Pick<JobOptions, "input" | "format">,
  first: number,
  host: Host,
): Promise<InputRows> {
  const atMost = (rows: number | undefined): number | undefined =>
    rows === undefined ? undefined : Math.min(rows, first);
  if (isIterable(input)) {
    return {
      files: [],
      source: iterableRows(input, first),
      count: async () => atMost(countOf(input)),
    };
  }
  const files = await openInputs(pathsOf(input), format, host);
  return {
    files,
    source: fileRows(files, first),
    count: async (signal) => atMost(await countRows(files, signal)),
  };
}

function pathsOf(input: string | JobFiles | undefined): readonly string[] {
  if (input === undefined) return [];
  if (isPath(input)) return [input];
  if (typeof input === "object" && Array.isArray(input?.files) && input.files.every(isPath))
    return input.files;
  throw new CliError(
    "USAGE",
    `input is the path of a file, { files: [paths] }, or something that can be iterated; got ${shown(input)}.`,
  );
}

function isPath(path: unknown): path is string {
  return typeof path === "string" && path !== "";
}

function isIterable(
  input: JobOptions["input"],
): input is Exclude<Iterable<unknown> | AsyncIterable<unknown>, string> {
  return (
    typeof input === "object" &&
    input !== null &&
    (Symbol.iterator in input || Symbol.asyncIterator in input)
  );
}
