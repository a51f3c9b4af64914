/** Opens the journal of a job, new or to go on, and refuses what would not fit together. */

import { readFileSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { CliError, systemReason } from "../cli-error.ts";
import type { Host } from "../host.ts";
import type { Input } from "../input/open-input.ts";
import { type FoundOutputs, refuseExisting } from "../output/find-outputs.ts";
import { claim } from "./claim.ts";
import { FileJournal, type JournalSeat } from "./file-journal.ts";
import { compareJobs, identify, type ModuleFile } from "./job-identity.ts";
import { type JobIdentity, type JournalContent, readJournal } from "./journal-file.ts";

export interface JournalOptions {
  /** The path of the journal. */
  readonly path: string;
  /** Goes on with the job that it tells of, if there is one. */
  readonly resume: boolean;
  /** Begins anew, whatever is there. */
  readonly force: boolean;
  /** The file with the function; undefined for a command, which stands among the settings. */
  readonly module: ModuleFile | undefined;
  /** A new job must not replace these unless it is forced to. */
  readonly outputs: FoundOutputs;
  readonly inputs: readonly Pick<Input, "file" | "stats" | "name">[];
  /** What must not change between two runs of the job, by the names that users know. */
  readonly settings: JobIdentity["settings"];
  /** How many rows the job is to do, at the most; default all. */
  readonly first?: number;
  /** Bytes: a journal that has grown over this is written anew, with its last checkpoint alone; default 4 MiB. */
  readonly rewriteAt?: number;
}

/** Nothing is changed before everything is found to be right. */
export async function openJournal(options: JournalOptions, host: Host): Promise<FileJournal> {
  const { path, module, inputs, settings } = options;
  const file = resolve(host.cwd, path);
  const name = `the journal "${path}"`;
  const job = await identify(module, inputs, settings);
  const { rewriteAt = 4_194_304, first = Number.MAX_SAFE_INTEGER } = options;
  const seat = { file, name, leave: claim(file, name), first, rewriteAt };
  try {
    return await begin(seat, job, options);
  } catch (error) {
    seat.leave();
    throw error;
  }
}

async function begin(
  seat: JournalSeat,
  job: JobIdentity,
  { resume, force, path, outputs }: JournalOptions,
): Promise<FileJournal> {
  const text = readIfThere(seat);
  if (text === undefined || force) {
    if (!force) refuseExisting(outputs, resume);
    // The old one goes first: it must not be there when the results that it tells of are gone.
    rmSync(seat.file, { force: true });
    const fresh = { job, checkpoint: undefined, started: 0, finished: 0 };
    return FileJournal.begin(seat, fresh, false);
  }
  if (!resume) {
    throw new CliError(
      "JOURNAL_EXISTS",
      `the journal "${path}" tells of an earlier run of a job; add --resume to go on with that, or --force to start anew.`,
    );
  }
  const content: JournalContent = readJournal(text, seat.name);
  compareJobs(content.job, job, seat.name);
  refuseFewer(content, seat);
  return FileJournal.begin(seat, { ...content, job }, true);
}

/** Rows that were read are in the output or will be: there is no way back. */
function refuseFewer({ checkpoint, finished }: JournalContent, { first, name }: JournalSeat): void {
  const read = checkpoint?.read ?? 0;
  if (first >= read || finished >= first) return;
  throw new CliError(
    "JOURNAL_MISMATCH",
    `first ${first} is less than the ${read} rows that were read before, by ${name}; give at least that many or leave it out to go on, or add --force instead of --resume to start anew.`,
  );
}

function readIfThere({ file, name }: JournalSeat): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new CliError(
      "JOURNAL_UNREADABLE",
      `${name} cannot be read (${systemReason(error)}); make it a file that can be read, or name another with --journal.`,
    );
  }
}
