export { CliError, type CliErrorCode } from "./cli-error.ts";
export { defineConfig, type JobConfig } from "./config/config.ts";
export type {
  JobAcquireOptions,
  JobAskOptions,
  JobCost,
  JobFunction,
  JobLimiter,
  JobModule,
  JobPermit,
  JobRefusal,
  RowContext,
  WorkerContext,
} from "./runner/job-function.ts";
export type {
  Isolation,
  JobFiles,
  JobLimits,
  JobOptions,
  JobResult,
} from "./runner/job-options.ts";
export { type Job, type JobSummary, runJob } from "./runner/run-job.ts";
