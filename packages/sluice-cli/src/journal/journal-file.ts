/** The journal as it stands in its file: JSON Lines, the first of which is its header. */

import type { LimiterSnapshot } from "sluice";
import { CliError } from "../cli-error.ts";
import type { Flushed } from "../runner/parts.ts";

const VERSION = 1;

/** Which job it belongs to. */
export interface JobIdentity {
  readonly module?: { readonly file: string; readonly hash: string };
  readonly inputs: readonly InputIdentity[];
  /** What must not change between two runs of a job; by the names that users know. */
  readonly settings: Readonly<Record<string, unknown>>;
}

export interface InputIdentity {
  readonly name: string;
  /** Both absent for what cannot be read twice. */
  readonly size?: number;
  readonly hash?: string;
}

export interface Checkpoint extends Flushed {
  /** How many rows were read, and their hash. */
  readonly read: number;
  readonly hash: string;
  readonly limiter?: LimiterSnapshot;
  readonly limiters?: Readonly<Record<string, LimiterSnapshot>>;
}

/** All that is in a journal. */
export interface JournalContent {
  readonly job: JobIdentity;
  readonly checkpoint: Checkpoint | undefined;
  /** Rows started since the checkpoint. */
  readonly started: number;
  /** Of how many rows, at the most, nothing is left to do; 0 while there is. */
  readonly finished: number;
}

export const headerLine = (job: JobIdentity): string =>
  line({ sluice: "journal", version: VERSION, job });

export const checkpointLine = (checkpoint: Checkpoint): string => line({ checkpoint });

export const startedLine = (started: number): string => line({ started });

export const finishedLine = (rows: number): string => line({ finished: rows });

function line(record: object): string {
  return `${JSON.stringify(record)}\n`;
}

/**
 * What a journal says. Reading ends at the first line that is not whole: a job that was killed may
 * leave one, and what it says no longer counts.
 *
 * @param name - What the journal is called in messages.
 */
export function readJournal(text: string, name: string): JournalContent {
  const lines = text.split("\n").slice(0, -1);
  const header = parse(lines[0] ?? "");
  if (header?.["sluice"] !== "journal") throw notOfSluice(name);
  if (header["version"] !== VERSION) {
    throw new CliError(
      "JOURNAL_UNREADABLE",
      `${name} has version ${String(header["version"])} of the journal and this Sluice reads version ${VERSION}; finish the job with the Sluice that began it, or add --force to start anew.`,
    );
  }
  const { job } = header;
  if (!isJob(job)) throw notOfSluice(name);
  const content = { job, ...emptyContent };
  for (const text of lines.slice(1)) {
    const record = parse(text);
    if (!record) break;
    const { checkpoint } = record;
    if (checkpoint) {
      if (!isCheckpoint(checkpoint)) throw notOfSluice(name);
      content.checkpoint = checkpoint;
      content.started = 0;
    } else if (typeof record["started"] === "number") content.started += record["started"];
    else if (typeof record["finished"] === "number") content.finished = record["finished"];
  }
  return content;
}

function notOfSluice(name: string): CliError {
  return new CliError(
    "JOURNAL_UNREADABLE",
    `${name} is not a journal of Sluice; name another with --journal, or add --force to start anew and replace it.`,
  );
}

function isJob(value: unknown): value is JobIdentity {
  const { inputs, settings } = (value ?? {}) as Partial<Record<keyof JobIdentity, unknown>>;
  return Array.isArray(inputs) && typeof settings === "object" && settings !== null;
}

function isCheckpoint(value: object): value is Checkpoint {
  const { offsets, done, read, hash } = value as Partial<Record<keyof Checkpoint, unknown>>;
  const lists = Array.isArray(offsets) && Array.isArray(done);
  return lists && typeof read === "number" && typeof hash === "string";
}

const emptyContent = {
  checkpoint: undefined as Checkpoint | undefined,
  started: 0,
  finished: 0,
};

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === "object" && value ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
