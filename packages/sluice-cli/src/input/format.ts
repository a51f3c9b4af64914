/** How the input is cut into rows. */

import { extname } from "node:path";
import { CliError } from "../cli-error.ts";

export const formats = ["jsonl", "lines", "csv", "tsv", "failed"] as const;

/**
 * JSON Lines; one string a line; CSV with a header; values between tabs with a header; the rows in
 * a file of failures, to be run again.
 */
export type Format = (typeof formats)[number];

const endings: Readonly<Record<string, Format>> = {
  ".jsonl": "jsonl",
  ".ndjson": "jsonl",
  ".txt": "lines",
  ".csv": "csv",
  ".tsv": "tsv",
};

/** The format that was asked for, else what the file's ending says; JSON Lines on stdin. */
export function formatOf(path: string | undefined, asked: Format | undefined): Format {
  if (asked) return asked;
  if (path === undefined || path === "-") return "jsonl";
  const format = endings[extname(withoutGz(path)).toLowerCase()];
  if (format) return format;
  throw new CliError(
    "INPUT_FORMAT_UNKNOWN",
    `the ending of "${path}" does not say how its rows are written (known: ${Object.keys(endings).join(", ")}, each also with .gz); add --format ${formats.join("|")}.`,
  );
}

/** The path without the ending that says that it is compressed. */
export function withoutGz(path: string): string {
  return path.replace(/\.gz$/i, "");
}
