/** Opens the files that results go to, and cuts them to where a job goes on. */

import { constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { CliError, systemReason } from "../cli-error.ts";
import type { Host } from "../host.ts";
import { syncFolder } from "../journal/sync-folder.ts";
import type { Flushed, ResultSink } from "../runner/parts.ts";
import { AppendFile } from "./append-file.ts";
import { CsvForm } from "./csv-form.ts";
import { type FoundOutputs, type Place, unwritable } from "./find-outputs.ts";
import { GzipFile } from "./gzip-file.ts";
import { OrderedSink } from "./ordered-sink.ts";
import { ResultFiles } from "./result-files.ts";
import { jsonForm } from "./result-form.ts";
import { StreamTarget } from "./stream-target.ts";
import type { TextTarget } from "./text-target.ts";

export interface OpenOptions {
  readonly ordered: boolean;
  /** The columns of CSV that the user wants; default the keys of the first result. */
  readonly columns?: readonly string[];
  /** Whether a journal is kept, so that the job can go on later. */
  readonly resumable: boolean;
  /** Where an earlier run stopped, as its journal says; undefined to begin. */
  readonly resumed: Flushed | undefined;
}

/** What is in the files already is cut off, but for what an earlier run is known to have written. */
export async function openOutputs(
  found: FoundOutputs,
  options: OpenOptions,
  host: Host,
): Promise<ResultSink> {
  const { resumed, resumable, ordered } = options;
  const done = resumed?.done ?? [];
  await checkSizes(found, resumed);
  const target = async (place: Place, at: number): Promise<TextTarget> =>
    openPlace(place, resumed?.offsets[at] ?? 0, resumable);
  const results = found.results
    ? await target(found.results, 0)
    : new StreamTarget(host.stdout, failureOf("standard output", false));
  const failures = found.failures ? await target(found.failures, 1) : undefined;
  const form = found.format === "csv" ? new CsvForm(options.columns, resumed?.columns) : jsonForm;
  const sink = new ResultFiles({ results, form, failures, done });
  return ordered ? new OrderedSink(sink, { done, resumable }) : sink;
}

/** Refuses files that lack what the journal says was written; both are looked at before one is cut. */
export async function checkSizes(
  { results, failures }: FoundOutputs,
  resumed: Flushed | undefined,
): Promise<void> {
  for (const [at, place] of [results, failures].entries()) {
    await checkSize(place, resumed?.offsets[at] ?? 0);
  }
}

async function checkSize(place: Place | undefined, offset: number): Promise<void> {
  if (!place || offset === 0) return;
  const size = (await stat(place.file).catch(() => undefined))?.size ?? 0;
  if (size >= offset) return;
  throw new CliError(
    "JOURNAL_MISMATCH",
    `${place.name} has ${size} bytes where the journal says that ${offset} were written; put it back to go on, or add --force instead of --resume to start anew.`,
  );
}

async function openPlace(place: Place, offset: number, resumable: boolean): Promise<TextTarget> {
  const { file, name, regular, gzip } = place;
  let handle: FileHandle;
  try {
    handle = await open(file, constants.O_WRONLY | constants.O_CREAT);
    if (regular) await handle.truncate(offset);
  } catch (error) {
    throw unwritable(name, error);
  }
  if (resumable) await syncFolder(dirname(file));
  const appended = new AppendFile(handle, offset, regular, failureOf(name, resumable));
  return gzip ? new GzipFile(appended) : appended;
}

function failureOf(name: string, resumable: boolean): (error: unknown) => CliError {
  return (error) => {
    if ((error as NodeJS.ErrnoException).code === "EPIPE") {
      return new CliError("OUTPUT_CLOSED", `${name} was closed by its reader.`);
    }
    const remedy = resumable
      ? "nothing is lost: make room and go on with --resume"
      : "the results before that are in it: make room and run the other rows again";
    return new CliError(
      "OUTPUT_UNWRITABLE",
      `${name} cannot be written any further (${systemReason(error)}); ${remedy}.`,
    );
  };
}
