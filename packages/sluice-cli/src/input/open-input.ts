/** Opens the inputs as streams of bytes. */

import { createReadStream, fstatSync, type Stats } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { resolve } from "node:path";
import type { Readable } from "node:stream";
import { CliError, systemReason } from "../cli-error.ts";
import type { Host } from "../host.ts";
import { type Format, formatOf } from "./format.ts";

export interface Input {
  /** As it is called in messages. */
  readonly name: string;
  readonly format: Format;
  /** What the system knows of it, when it knows. */
  readonly stats: Stats | undefined;
  /** Its full path when it is a file that can be read twice. */
  readonly file: string | undefined;
  /** Its bytes; called once, when its turn has come. */
  bytes(): Readable;
}

/**
 * The files at these paths, in this order; stdin for `-` and for none. All are looked at before the
 * first is read; files are opened one at a time, so that there may be any number of them.
 */
export async function openInputs(
  paths: readonly string[],
  asked: Format | undefined,
  host: Host,
): Promise<Input[]> {
  const inputs: Input[] = [];
  for (const path of paths.length === 0 ? ["-"] : paths) {
    const format = formatOf(path, asked);
    const isStdin = path === "-";
    if (isStdin && inputs.some(({ name }) => name === STDIN)) throw stdinTwice();
    inputs.push(isStdin ? openStdin(format, host) : await openPath(path, format, host));
  }
  return inputs;
}

const STDIN = "standard input";

function openStdin(format: Format, host: Host): Input {
  const { stdin } = host;
  const stats = statsOf(stdin.fd);
  if (stats?.isDirectory()) throw isDirectory(STDIN);
  return { name: STDIN, format, stats, file: undefined, bytes: () => stdin };
}

async function openPath(path: string, format: Format, host: Host): Promise<Input> {
  const file = resolve(host.cwd, path);
  const handle = await openFile(path, file);
  const stats = await handle.stat();
  const name = `"${path}"`;
  if (!stats.isFile() && !stats.isDirectory()) {
    // A pipe that is closed is gone: it stays open until it is read.
    return { name, format, stats, file: undefined, bytes: () => handle.createReadStream() };
  }
  await handle.close();
  if (stats.isDirectory()) throw isDirectory(`the input ${name}`);
  return { name, format, stats, file, bytes: () => createReadStream(file) };
}

function isDirectory(name: string): CliError {
  return new CliError("INPUT_UNREADABLE", `${name} is a directory; give files of rows.`);
}

function stdinTwice(): CliError {
  return new CliError(
    "USAGE",
    'the input "-" is there twice, but standard input can be read only once; name it once.',
  );
}

/** What the system knows of an open file, when it is one. */
export function statsOf(fd: number | undefined): Stats | undefined {
  try {
    return fd === undefined ? undefined : fstatSync(fd);
  } catch {
    return undefined;
  }
}

async function openFile(path: string, file: string): Promise<FileHandle> {
  try {
    return await open(file, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      throw new CliError(
        "INPUT_NOT_FOUND",
        `there is no input file "${path}"; check the path, or leave --input out to read standard input.`,
      );
    }
    throw new CliError(
      "INPUT_UNREADABLE",
      `the input "${path}" cannot be read (${systemReason(error)}); make it readable.`,
    );
  }
}
