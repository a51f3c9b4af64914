/** Loads the module of a job: JavaScript as it is, TypeScript through a loader. */

import { stat } from "node:fs/promises";
import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { CliError } from "../cli-error.ts";
import { importTypeScript } from "../import-typescript.ts";
import type { JobModule } from "./job-function.ts";
import { describeError } from "./result-record.ts";

const typeScript = new Set([".ts", ".mts", ".cts", ".tsx"]);

const hooks = ["setup", "teardown", "transform"] as const;

/** What the module at `path` exports for a job. */
export async function loadModule(path: string, cwd: string): Promise<JobModule> {
  const file = resolve(cwd, path);
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) {
    throw new CliError(
      "MODULE_NOT_FOUND",
      `there is no job module "${path}"${found ? " (it is not a file)" : ""}; give the path of a .ts or .js file.`,
    );
  }
  return jobModuleOf(await importFile(file, path), path);
}

async function importFile(file: string, path: string): Promise<object> {
  try {
    // Only TypeScript goes through the loader, so that JavaScript behaves as it does everywhere.
    if (!typeScript.has(extname(file))) return (await import(pathToFileURL(file).href)) as object;
    return await importTypeScript(file);
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

function jobModuleOf(module: object, path: string): JobModule {
  // A CommonJS module that was compiled from `export default` has its exports one level down.
  const inner = (module as { default?: unknown }).default;
  const nested = typeof inner === "object" && inner !== null && "default" in inner;
  const exported = (nested ? inner : module) as Partial<Record<keyof JobModule, unknown>>;
  if (typeof exported.default !== "function") throw noFunction(exported.default, path);
  for (const hook of hooks) {
    const found = exported[hook];
    if (found === undefined || typeof found === "function") continue;
    throw new CliError(
      "MODULE_NO_FUNCTION",
      `the job module "${path}" exports "${hook}" as ${typeof found}, not a function; export a function of that name, or none.`,
    );
  }
  return exported as unknown as JobModule;
}

function noFunction(found: unknown, path: string): CliError {
  const remedy = `write "export default async function (row) { … }" in it.`;
  return found === undefined
    ? new CliError("MODULE_NO_DEFAULT", `the job module "${path}" has no default export; ${remedy}`)
    : new CliError(
        "MODULE_NO_FUNCTION",
        `the job module "${path}" has a default export of type ${typeof found}, not a function; ${remedy}`,
      );
}
