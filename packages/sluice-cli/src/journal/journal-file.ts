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
}

/** All that is in a journal. */
export interface JournalContent {
  readonly job: JobIdentity;
  readonly checkpoint: Checkpoint | undefined;
  /** Rows started since the checkpoint. */
  readonly started: number;
  readonly finished: boolean;
}

export const headerLine = (job: JobIdentity): string =>
  line({ sluice: "journal", version: VERSION, job });

export const checkpointLine = (checkpoint: Checkpoint): string => line({ checkpoint });

export const startedLine = (started: number): string => line({ started });

export const finishedLine = (): string => line({ finished: true });

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
  if (header?.["sluice"] !== "journal" || typeof header["job"] !== "object") {
    throw new CliError(
      "JOURNAL_UNREADABLE",
      `${name} is not a journal of Sluice; name another with --journal, or add --force to start anew and replace it.`,
    );
  }
  if (header["version"] !== VERSION) {
    throw new CliError(
      "JOURNAL_UNREADABLE",
      `${name} has version ${String(header["version"])} of the journal and this Sluice reads version ${VERSION}; finish the job with the Sluice that began it, or add --force to start anew.`,
    );
  }
  const content = { job: header["job"] as JobIdentity, ...emptyContent };
  for (const text of lines.slice(1)) {
    const record = parse(text);
    if (!record) break;
    if (record["checkpoint"]) {
      content.checkpoint = record["checkpoint"] as Checkpoint;
      content.started = 0;
    } else if (typeof record["started"] === "number") content.started += record["started"];
    else if (record["finished"]) content.finished = true;
  }
  return content;
}

const emptyContent = {
  checkpoint: undefined as Checkpoint | undefined,
  started: 0,
  finished: false,
};

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === "object" && value ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
