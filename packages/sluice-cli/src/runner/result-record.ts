/** A row's outcome as its line in the results. */

import { CliError } from "../cli-error.ts";
import type { Outcome, ResultRecord } from "./parts.ts";

/** A failure as it stands in the results. */
export interface ErrorRecord {
  readonly name: string;
  readonly message: string;
  readonly code?: string | number;
}

/** `{"index":0,"value":…}` or `{"index":0,"error":{…}}`; nothing returned is written as `null`. */
export function recordOf(index: number, outcome: Outcome): ResultRecord {
  if ("error" in outcome) return failure(index, outcome.error);
  const { value = null } = outcome;
  try {
    const text: string | undefined = JSON.stringify(value);
    if (text !== undefined) {
      return { index, failed: false, json: `{"index":${index},"value":${text}}` };
    }
    return failure(index, unserialisable(`it is a ${typeof value}`));
  } catch (error) {
    return failure(index, unserialisable(describeError(error).message.split("\n", 1)[0] ?? ""));
  }
}

/** The name, the message and the code of whatever was thrown. */
export function describeError(thrown: unknown): ErrorRecord {
  try {
    if (!isErrorLike(thrown)) return { name: "NonError", message: `thrown: ${show(thrown)}` };
    const { name, message, code, cause } = thrown;
    const inner = isErrorLike(cause) ? cause : undefined;
    const innerCode = code ?? inner?.code;
    return {
      name: typeof name === "string" ? name : "Error",
      message: inner ? `${message}: ${inner.message || String(inner.code)}` : message,
      ...(typeof innerCode === "string" || typeof innerCode === "number"
        ? { code: innerCode }
        : {}),
    };
  } catch {
    return { name: "NonError", message: "thrown: something that cannot be read" };
  }
}

interface ErrorLike {
  readonly message: string;
  readonly name?: unknown;
  readonly code?: unknown;
  readonly cause?: unknown;
}

function isErrorLike(value: unknown): value is ErrorLike {
  return (
    typeof value === "object" &&
    value !== null &&
    typeof (value as Partial<ErrorLike>).message === "string"
  );
}

function failure(index: number, error: unknown): ResultRecord {
  return { index, failed: true, json: JSON.stringify({ index, error: describeError(error) }) };
}

function unserialisable(why: string): CliError {
  return new CliError(
    "RESULT_UNSERIALISABLE",
    `the result cannot be written as JSON (${why}); return plain data.`,
  );
}

function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  return typeof value === "object" && value !== null
    ? (JSON.stringify(value) ?? "an object")
    : String(value);
}
