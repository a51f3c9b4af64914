import { CliError, type CliErrorCode } from "../cli-error.ts";
import { describeError } from "../runner/result-record.ts";
import type { SentError } from "./messages.ts";

/** Whatever was thrown, as plain data. */
export function toSent(thrown: unknown): SentError {
  const record = describeError(thrown);
  const stack = thrown instanceof Error ? thrown.stack : undefined;
  return typeof stack === "string" ? { ...record, stack } : record;
}

/** An error that reads as the one that was thrown in the worker. */
export function fromSent({ name, message, code, stack }: SentError): Error {
  if (name === "CliError") return new CliError(code as CliErrorCode, message);
  const error = new Error(message);
  error.name = name;
  if (code !== undefined) Object.assign(error, { code });
  if (stack !== undefined) error.stack = stack;
  return error;
}
