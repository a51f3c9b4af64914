/** Packages that users bring: clients of stores are theirs, and most jobs need none. */

import { createRequire } from "node:module";
import { join } from "node:path";
import { CliError } from "../cli-error.ts";

export interface FoundPackage {
  readonly name: string;
  readonly exports: unknown;
}

/**
 * The first of these packages that is installed: in the project of the folder, else beside this one.
 *
 * @param what - What needs it, for the message.
 * @throws `STORE_CLIENT_MISSING`
 */
export function findPackage(names: readonly string[], cwd: string, what: string): FoundPackage {
  for (const from of [join(cwd, "package.json"), import.meta.url]) {
    const require = createRequire(from);
    const name = names.find((each) => isInstalled(each, require));
    if (name === undefined) continue;
    try {
      return { name, exports: require(name) as unknown };
    } catch (error) {
      throw new CliError(
        "STORE_CLIENT_MISSING",
        `${what} needs the package "${name}", which is there and does not load (${firstLine(error)}); install it anew.`,
        { cause: error },
      );
    }
  }
  const [first, second] = names;
  throw new CliError(
    "STORE_CLIENT_MISSING",
    `${what} needs the package ${JSON.stringify(first)}${second === undefined ? "" : ` or ${JSON.stringify(second)}`}, and none is installed in this folder's project; run npm install ${first}.`,
  );
}

function isInstalled(name: string, require: NodeJS.Require): boolean {
  try {
    require.resolve(name);
    return true;
  } catch {
    return false;
  }
}

function firstLine(error: unknown): string {
  return String((error as Error | undefined)?.message ?? error).split("\n", 1)[0]!;
}
