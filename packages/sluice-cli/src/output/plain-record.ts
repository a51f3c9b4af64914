import { CliError } from "../cli-error.ts";
import type { ResultRecord } from "../runner/parts.ts";
import { describeError, type ErrorRecord } from "../runner/result-record.ts";

/** What of a record can be written: its value as JSON, or its error. */
export type PlainRecord = { readonly json: string } | { readonly error: ErrorRecord };

/** Nothing returned is written as `null`; a value that JSON does not have is a failure. */
export function plainRecord(record: ResultRecord): PlainRecord {
  if ("error" in record) return { error: describeError(record.error) };
  const { value = null } = record;
  try {
    const json = JSON.stringify(value) as string | undefined;
    return json === undefined ? unserialisable(`it is a ${typeof value}`) : { json };
  } catch (error) {
    return unserialisable(describeError(error).message.split("\n", 1)[0] ?? "");
  }
}

/** The failure with its row, to be run again; without it when JSON does not have it. */
export function failureLine({ index, row }: ResultRecord, error: ErrorRecord): string {
  const failure = { index, error };
  if ("problem" in row) return `${JSON.stringify(failure)}\n`;
  try {
    return `${JSON.stringify({ ...failure, row: row.value })}\n`;
  } catch {
    return `${JSON.stringify(failure)}\n`;
  }
}

function unserialisable(why: string): PlainRecord {
  return {
    error: describeError(
      new CliError(
        "RESULT_UNSERIALISABLE",
        `the result cannot be written as JSON (${why}); return plain data.`,
      ),
    ),
  };
}
