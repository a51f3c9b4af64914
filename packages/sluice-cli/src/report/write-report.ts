import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { CliError, systemReason } from "../cli-error.ts";
import { page, type PageOptions } from "./page.ts";
import type { Report } from "./report.ts";

/**
 * Writes the page of a report.
 *
 * @throws `OUTPUT_UNWRITABLE`
 */
export async function writeReport(
  path: string,
  cwd: string,
  report: Report,
  options: PageOptions,
): Promise<void> {
  try {
    await writeFile(resolve(cwd, path), page(report.data(), options));
  } catch (error) {
    throw new CliError(
      "OUTPUT_UNWRITABLE",
      `the report "${path}" cannot be written (${systemReason(error)}); give a path in a folder that exists and may be written to.`,
    );
  }
}
