/** Finds and loads the configuration of a job. */

import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { CliError } from "../cli-error.ts";
import { importTypeScript } from "../import-typescript.ts";
import { describeError } from "../runner/result-record.ts";
import type { JobConfig } from "./config.ts";

/** The first that is there counts. */
const names = ["sluice.config.ts", "sluice.config.mts", "sluice.config.js", "sluice.config.mjs"];

/**
 * The default export of the file at `path`; without a path, of a `sluice.config.ts` in the folder,
 * if there is one.
 *
 * @throws `CONFIG_INVALID`
 */
export async function loadConfig(path: string | undefined, cwd: string): Promise<JobConfig> {
  for (const name of path === undefined ? names : [path]) {
    const file = resolve(cwd, name);
    const found = await stat(file).catch(() => undefined);
    if (found?.isFile()) return configOf(await importFile(file, name), name);
  }
  if (path === undefined) return {};
  throw invalid(`there is no configuration "${path}"; give the path of a .ts or .js file.`);
}

async function importFile(file: string, name: string): Promise<object> {
  try {
    return await importTypeScript(file);
  } catch (error) {
    const why = describeError(error).message.split("\n", 1)[0];
    throw invalid(
      `the configuration "${name}" cannot be loaded (${why}); see that it loads on its own.`,
    );
  }
}

function configOf(module: object, name: string): JobConfig {
  const config = (module as { default?: unknown }).default;
  if (typeof config === "object" && config !== null && !Array.isArray(config)) return config;
  throw invalid(
    `the configuration "${name}" exports no options by default; write "export default defineConfig({ … })" in it.`,
  );
}

function invalid(message: string): CliError {
  return new CliError("CONFIG_INVALID", message);
}
