/** What tells one job from another, and the sentences for what has changed. */

import { createHash } from "node:crypto";
import { type FileHandle, open, readFile } from "node:fs/promises";
import { CliError, systemReason } from "../cli-error.ts";
import type { Input } from "../input/open-input.ts";
import type { InputIdentity, JobIdentity } from "./journal-file.ts";

/** Files up to so many pieces are hashed whole. */
const PIECES = 64;
const PIECE = 1_048_576;

/** The file with the function: its full path, and what it is called in messages. */
export interface ModuleFile {
  readonly file: string;
  readonly name: string;
}

/** @param module - Undefined for a command: it stands among the settings. */
export async function identify(
  module: ModuleFile | undefined,
  inputs: readonly Pick<Input, "file" | "stats" | "name">[],
  settings: JobIdentity["settings"],
): Promise<JobIdentity> {
  return {
    ...(module ? { module: { file: module.name, hash: await hashOfModule(module) } } : {}),
    inputs: await Promise.all(inputs.map(identifyInput)),
    // As they come back out of the file, so that they can be compared with what is there.
    settings: JSON.parse(JSON.stringify(settings)) as JobIdentity["settings"],
  };
}

/** Throws the first difference, as a sentence. */
export function compareJobs(before: JobIdentity, now: JobIdentity, journal: string): void {
  const refuse = (what: string): never => {
    throw new CliError(
      "JOURNAL_MISMATCH",
      `${what} since ${journal} was begun, so its results would not fit together; undo that to go on, or add --force instead of --resume to start anew.`,
    );
  };
  if (before.module?.hash !== now.module?.hash) {
    refuse(`the module "${(now.module ?? before.module)?.file}" has changed`);
  }
  if (before.inputs.length !== now.inputs.length) {
    refuse(`the input has changed from ${files(before.inputs)} to ${files(now.inputs)}`);
  }
  for (const [at, { name, size, hash }] of now.inputs.entries()) {
    const known = before.inputs[at];
    if (known?.size !== size) {
      refuse(`the input ${name} has changed from ${bytes(known?.size)} to ${bytes(size)}`);
    }
    if (known?.hash !== hash) refuse(`the content of the input ${name} has changed`);
  }
  const names = new Set([...Object.keys(before.settings), ...Object.keys(now.settings)]);
  for (const name of names) {
    const [was, is] = [show(before.settings[name]), show(now.settings[name])];
    if (was !== is) refuse(`${name} has changed from ${was} to ${is}`);
  }
}

/** The rows that are read again are not those that were read before. */
export function otherRows(read: number, found: number, journal: string): CliError {
  const what =
    found < read
      ? `the input ends after ${found} rows, where ${read} were read before`
      : `the first ${read} rows of the input are not those that were read before`;
  return new CliError(
    "JOURNAL_MISMATCH",
    `${what}, by ${journal}; give the same input again to go on, or add --force instead of --resume to start anew.`,
  );
}

function files(inputs: readonly InputIdentity[]): string {
  return inputs.length === 1 ? "1 file" : `${inputs.length} files`;
}

function bytes(size: number | undefined): string {
  return size === undefined ? "something that is not a file" : `${size} bytes`;
}

function show(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}

async function hashOfModule({ file, name }: ModuleFile): Promise<string> {
  try {
    return createHash("sha256")
      .update(await readFile(file))
      .digest("base64url");
  } catch (error) {
    throw new CliError(
      "MODULE_NOT_FOUND",
      `the job module "${name}" cannot be read (${systemReason(error)}); check its path.`,
    );
  }
}

async function identifyInput({
  file,
  stats,
  name,
}: Pick<Input, "file" | "stats" | "name">): Promise<InputIdentity> {
  if (!file || !stats) return { name };
  try {
    const handle = await open(file, "r");
    const hash = hashOfContent(handle, stats.size).finally(() => handle.close());
    return { name, size: stats.size, hash: await hash };
  } catch (error) {
    throw new CliError(
      "INPUT_UNREADABLE",
      `the input ${name} cannot be read (${systemReason(error)}); make it readable.`,
    );
  }
}

/**
 * Of a large file evenly spread pieces are enough to tell another file; the rows that were read
 * are compared one by one besides.
 */
async function hashOfContent(handle: FileHandle, size: number): Promise<string> {
  const hash = createHash("sha256");
  const buffer = Buffer.allocUnsafe(PIECE);
  const pieces = Math.min(PIECES, Math.ceil(size / PIECE));
  const step = pieces > 1 ? (size - PIECE) / (pieces - 1) : 0;
  for (let at = 0; at < pieces; at += 1) {
    const { bytesRead } = await handle.read(buffer, 0, PIECE, Math.floor(at * step));
    hash.update(buffer.subarray(0, bytesRead));
  }
  return hash.digest("base64url");
}
