/** How the input is cut into rows. */

import { extname } from "node:path";
import { CliError } from "../cli-error.ts";

export const formats = ["jsonl", "lines", "csv"] as const;

/** JSON Lines; one string a line; CSV with a header. */
export type Format = (typeof formats)[number];

const endings: Readonly<Record<string, Format>> = {
  ".jsonl": "jsonl",
  ".ndjson": "jsonl",
  ".txt": "lines",
  ".csv": "csv",
};

/** The format that was asked for, else what the file's ending says; JSON Lines on stdin. */
export function formatOf(path: string | undefined, asked: Format | undefined): Format {
  if (asked) return asked;
  if (path === undefined || path === "-") return "jsonl";
  const format = endings[extname(path).toLowerCase()];
  if (format) return format;
  throw new CliError(
    "INPUT_FORMAT_UNKNOWN",
    `the ending of "${path}" does not say how its rows are written (known: ${Object.keys(endings).join(", ")}); add --format ${formats.join("|")}.`,
  );
}
