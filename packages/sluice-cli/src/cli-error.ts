/**
 * Every failure that the command line reports is a `CliError`: one clear sentence with the value,
 * the rule and the remedy, and a stable code for programs.
 */

/** The codes of all failures of the command line, stable across versions. */
export type CliErrorCode =
  | "USAGE"
  | "RATE_MISSING"
  | "RATE_BLOCKED"
  | "MODULE_NOT_FOUND"
  | "MODULE_FAILED"
  | "MODULE_NO_DEFAULT"
  | "MODULE_NO_FUNCTION"
  | "INPUT_NOT_FOUND"
  | "INPUT_UNREADABLE"
  | "INPUT_FORMAT_UNKNOWN"
  | "INPUT_NOT_UTF8"
  | "INPUT_CUT_OFF"
  | "INPUT_LINE_TOO_LONG"
  | "INPUT_INVALID_CSV"
  | "ROW_INVALID"
  | "RESULT_UNSERIALISABLE"
  | "NEVER_SETTLES"
  | "JOB_CRASHED"
  | "JOB_STOPPED"
  | "TIMED_OUT"
  | "WORKER_LOST"
  | "WORKERS_FAIL"
  | "ROW_KILLS_WORKER"
  | "ROW_UNSERIALISABLE"
  | "SETUP_FAILED"
  | "TEARDOWN_FAILED"
  | "LIMITER_UNKNOWN"
  | "PERMIT_RELEASED"
  | "OUTPUT_EXISTS"
  | "OUTPUT_IS_INPUT"
  | "OUTPUT_UNWRITABLE"
  | "OUTPUT_CLOSED"
  | "JOURNAL_EXISTS"
  | "JOURNAL_MISMATCH"
  | "JOURNAL_UNREADABLE"
  | "JOURNAL_UNWRITABLE"
  | "JOB_RUNNING"
  | "RESUME_NEEDS_FILE"
  | "COMMAND_NOT_FOUND"
  | "COMMAND_NOT_STARTED"
  | "FIELD_MISSING"
  | "CONFIG_INVALID"
  | "CONFIG_THREW"
  | "NAME_MISSING"
  | "STORE_UNKNOWN"
  | "STORE_CLIENT_MISSING"
  | "STORE_UNAVAILABLE"
  | "STORE_NOT_MIGRATED";

export class CliError extends Error {
  readonly code: CliErrorCode;

  constructor(code: CliErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "CliError";
    this.code = code;
  }
}

/** What the system says of a failed file operation, without its path and number. */
export function systemReason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const words = /^[A-Z0-9_]+: ([^,]+)/.exec(message ?? "")?.[1];
  return words && code ? `${words}, ${code}` : (message ?? String(error));
}
