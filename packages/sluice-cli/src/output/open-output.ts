/** Opens the output as a stream of text. */

import type { Stats } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Writable } from "node:stream";
import { CliError, systemReason } from "../cli-error.ts";
import type { Host } from "../host.ts";
import { type Input, statsOf } from "../input/open-input.ts";

export interface Output {
  /** As it is called in messages. */
  readonly name: string;
  readonly stream: Writable;
  /** Whether it is stdout, which outlives the job. */
  readonly standard: boolean;
}

/**
 * The file at `path`, or stdout for `-` and nothing. A file that exists is left alone, unless
 * `force` says that it may be replaced.
 */
export async function openOutput(
  path: string | undefined,
  input: Pick<Input, "stats">,
  force: boolean,
  host: Host,
): Promise<Output> {
  if (isStandard(path)) {
    const { stdout } = host;
    if (isSameFile(statsOf(stdout.fd), input.stats)) throw outputIsInput("standard output");
    return { name: "standard output", stream: stdout, standard: true };
  }
  const file = resolve(host.cwd, path);
  const found = await stat(file).catch(() => undefined);
  if (isSameFile(found, input.stats)) throw outputIsInput(`the output "${path}"`);
  if (found?.isFile() && !force) {
    throw new CliError(
      "OUTPUT_EXISTS",
      `the output "${path}" exists already; move it away, name another, or add --force to replace it.`,
    );
  }
  const handle = await openFile(path, file);
  return { name: `"${path}"`, stream: handle.createWriteStream(), standard: false };
}

/** Whether the path means stdout. */
export function isStandard(path: string | undefined): path is "-" | undefined {
  return path === undefined || path === "-";
}

async function openFile(path: string, file: string): Promise<FileHandle> {
  try {
    return await open(file, "w");
  } catch (error) {
    throw new CliError(
      "OUTPUT_UNWRITABLE",
      `the output "${path}" cannot be written (${systemReason(error)}); give a path in a folder that exists and may be written to.`,
    );
  }
}

function isSameFile(output: Stats | undefined, input: Stats | undefined): boolean {
  if (!output?.isFile() || !input?.isFile()) return false;
  return output.dev === input.dev && output.ino === input.ino;
}

function outputIsInput(name: string): CliError {
  return new CliError(
    "OUTPUT_IS_INPUT",
    `${name} is the input itself, which would be lost; write to another file.`,
  );
}
