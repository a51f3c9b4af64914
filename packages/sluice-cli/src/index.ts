export { CliError, type CliErrorCode } from "./cli-error.ts";
export type { JobFunction, RowContext } from "./runner/job-function.ts";
