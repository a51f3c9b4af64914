import type { JobOptions } from "../runner/job-options.ts";

/** What `sluice.config.ts` may say: the options of a job, and those of the command line. */
export interface JobConfig extends Partial<JobOptions> {
  /** A file for the report, as `--report`. */
  readonly report?: string;
  /** Progress as JSON Lines on stderr, as `--json`; default false. */
  readonly json?: boolean;
}

/**
 * Types the default export of `sluice.config.ts`. Flags win over what it says. Paths are relative to
 * the folder in which `sluice` is started.
 *
 * @example
 * export default defineConfig({ module: "./job.ts", limits: ["100/s", "5000/h"], retries: 3 });
 */
export function defineConfig(config: JobConfig): JobConfig {
  return config;
}
