/** Loads the module of a job: JavaScript as it is, TypeScript through a loader. */

import { stat } from "node:fs/promises";
import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { createJiti } from "jiti";
import { CliError } from "../cli-error.ts";
import type { JobFunction } from "./job-function.ts";
import { describeError } from "./result-record.ts";

const typeScript = new Set([".ts", ".mts", ".cts", ".tsx"]);

/** The function that the module at `path` exports by default. */
export async function loadModule(path: string, cwd: string): Promise<JobFunction> {
  const file = resolve(cwd, path);
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) {
    throw new CliError(
      "MODULE_NOT_FOUND",
      `there is no job module "${path}"${found ? " (it is not a file)" : ""}; give the path of a .ts or .js file.`,
    );
  }
  return functionOf(await importFile(file, path), path);
}

async function importFile(file: string, path: string): Promise<object> {
  try {
    // Only TypeScript goes through the loader, so that JavaScript behaves as it does everywhere.
    if (!typeScript.has(extname(file))) return (await import(pathToFileURL(file).href)) as object;
    return await createJiti(import.meta.url, {
      interopDefault: false,
      fsCache: false,
    }).import<object>(file);
  } catch (error) {
    throw new CliError(
      "MODULE_FAILED",
      `the job module "${path}" cannot be loaded (${reasonOf(error)}); see that it loads on its own.`,
      { cause: error },
    );
  }
}

/** In one line, with the place of a syntax error. */
function reasonOf(error: unknown): string {
  const { name, message } = describeError(error);
  const place = error instanceof SyntaxError ? (error.stack?.split("\n", 1)[0] ?? "") : "";
  const [what = "", where = ""] = message.split("\n").map((line) => line.trim());
  const prefix = name === "Error" || what.startsWith(name) ? "" : `${name}: `;
  return `${prefix}${what}${where.startsWith("/") ? ` at ${where}` : ""}${place.startsWith("file:") ? ` at ${place}` : ""}`;
}

function functionOf(module: object, path: string): JobFunction {
  let found = (module as { default?: unknown }).default;
  // A CommonJS module that was compiled from `export default` has it one level down.
  if (typeof found === "object" && found !== null && "default" in found) found = found.default;
  if (typeof found === "function") return found as JobFunction;
  const remedy = `write "export default async function (row) { … }" in it.`;
  if (found === undefined) {
    throw new CliError(
      "MODULE_NO_DEFAULT",
      `the job module "${path}" has no default export; ${remedy}`,
    );
  }
  throw new CliError(
    "MODULE_NO_FUNCTION",
    `the job module "${path}" has a default export of type ${typeof found}, not a function; ${remedy}`,
  );
}
