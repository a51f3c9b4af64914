/** Opens the input as a stream of bytes. */

import { fstatSync, type Stats } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { resolve } from "node:path";
import type { Readable } from "node:stream";
import { CliError, systemReason } from "../cli-error.ts";
import type { Host } from "../host.ts";

export interface Input {
  /** As it is called in messages. */
  readonly name: string;
  readonly bytes: Readable;
  /** What the system knows of it, when it knows. */
  readonly stats: Stats | undefined;
  /** Its full path when it is a file that can be read twice. */
  readonly file: string | undefined;
}

/** The file at `path`, or stdin for `-` and nothing. */
export async function openInput(path: string | undefined, host: Host): Promise<Input> {
  if (path === undefined || path === "-") {
    const { stdin } = host;
    const stats = statsOf(stdin.fd);
    if (stats?.isDirectory()) throw isDirectory("standard input");
    return { name: "standard input", bytes: stdin, stats, file: undefined };
  }
  const handle = await openFile(path, resolve(host.cwd, path));
  const stats = await handle.stat();
  if (stats.isDirectory()) {
    await handle.close();
    throw isDirectory(`the input "${path}"`);
  }
  const file = stats.isFile() ? resolve(host.cwd, path) : undefined;
  return { name: `"${path}"`, bytes: handle.createReadStream(), stats, file };
}

function isDirectory(name: string): CliError {
  return new CliError("INPUT_UNREADABLE", `${name} is a directory; give one file of rows.`);
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
