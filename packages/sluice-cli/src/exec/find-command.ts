/** Finds out before a job starts that its command is not there. */

import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { delimiter, join, resolve } from "node:path";
import { CliError } from "../cli-error.ts";

export interface CommandPlaces {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * The file that the name of a command stands for.
 *
 * @throws `COMMAND_NOT_FOUND`
 */
export async function findCommand(program: string, { cwd, env }: CommandPlaces): Promise<string> {
  const isPath = /[\\/]/.test(program);
  const folders = isPath ? [""] : (env["PATH"] ?? "").split(delimiter).filter(Boolean);
  const endings = process.platform === "win32" ? [".exe", ".com", ""] : [""];
  for (const folder of folders) {
    for (const ending of endings) {
      const file = resolve(cwd, join(folder, program) + ending);
      if (await isRunnable(file)) return file;
    }
  }
  throw new CliError(
    "COMMAND_NOT_FOUND",
    isPath
      ? `there is no command "${program}", or it may not be run; see that the file is there and executable.`
      : `there is no command "${program}" in the PATH; install it, or give its path. A shell's own words need one: sh -c '…'.`,
  );
}

async function isRunnable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}
