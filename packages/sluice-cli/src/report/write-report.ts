import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { unwritable } from "../output/find-outputs.ts";
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
    throw unwritable(`the report "${path}"`, error);
  }
}
