/** The options of a job, checked, with their defaults. */

import type { Duration } from "sluice";
import { CliError } from "../cli-error.ts";
import { defaults } from "../defaults.ts";
import { millisOf } from "./duration.ts";
import type { Isolation, JobOptions } from "./job-options.ts";

export interface JobSettings {
  readonly isolation: Isolation;
  readonly workers: number;
  readonly concurrency: number;
  readonly ahead: number;
  readonly first: number;
  readonly margin: Duration;
  readonly retries: number;
  /** Milliseconds, as all that follow. */
  readonly backoff: number;
  readonly maxBackoff: number;
  readonly timeout: number | undefined;
  readonly crashes: number;
  readonly memory: number | undefined;
  readonly onError: "continue" | "stop";
}

/** Every option, so that one that is misspelt is found. */
const known: Readonly<Record<keyof JobOptions, true>> = {
  module: true,
  input: true,
  format: true,
  first: true,
  output: true,
  outputFormat: true,
  failed: true,
  ordered: true,
  ahead: true,
  force: true,
  journal: true,
  resume: true,
  limits: true,
  perWorker: true,
  limiters: true,
  margin: true,
  workers: true,
  concurrency: true,
  isolation: true,
  memory: true,
  data: true,
  retries: true,
  backoff: true,
  maxBackoff: true,
  timeout: true,
  crashes: true,
  onError: true,
  onResult: true,
  signal: true,
};

/**
 * @throws `USAGE` for what makes no sense, with the value, the rule and the remedy.
 */
export function settingsOf(options: JobOptions): JobSettings {
  for (const name of Object.keys(options)) {
    if (!(name in known)) {
      throw usage(
        `a job has no option "${name}"; its options are ${Object.keys(known).join(", ")}.`,
      );
    }
  }
  if (typeof options.module !== "string" || options.module === "") {
    throw usage(`module is the path of a .ts or .js file; got ${show(options.module)}.`);
  }
  const workers = count(options.workers, "workers", 1, defaults.mostWorkers, 1);
  const isolation = oneOf(
    options.isolation,
    "isolation",
    ["process", "thread", "none"],
    options.workers === undefined ? "none" : "process",
  );
  if (isolation === "none" && workers > 1) {
    throw usage(`isolation "none" has one worker, this process; got workers ${workers}.`);
  }
  const concurrency = count(options.concurrency, "concurrency", 1, 100_000, defaults.concurrency);
  const lanes = workers * concurrency;
  return {
    isolation,
    workers,
    concurrency,
    ahead: count(options.ahead, "ahead", 1, 1_000_000, Math.max(defaults.ahead, 2 * lanes)),
    first: count(options.first, "first", 0, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
    margin: options.margin ?? defaults.margin,
    retries: count(options.retries, "retries", 0, 1_000, 0),
    backoff: millisOf(options.backoff ?? defaults.backoff, "backoff"),
    maxBackoff: millisOf(options.maxBackoff ?? defaults.maxBackoff, "maxBackoff"),
    timeout: options.timeout === undefined ? undefined : millisOf(options.timeout, "timeout"),
    crashes: count(options.crashes, "crashes", 1, 100, defaults.crashes),
    memory:
      options.memory === undefined ? undefined : count(options.memory, "memory", 16, 1_048_576, 0),
    onError: oneOf(options.onError, "onError", ["continue", "stop"], "continue"),
  };
}

function count(
  value: number | undefined,
  what: string,
  least: number,
  most: number,
  otherwise: number,
): number {
  if (value === undefined) return otherwise;
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw usage(`${what} is a whole number from ${least} to ${most}; got ${show(value)}.`);
}

function oneOf<T extends string>(
  value: T | undefined,
  what: string,
  allowed: readonly T[],
  otherwise: T,
): T {
  if (value === undefined) return otherwise;
  if (allowed.includes(value)) return value;
  const list = allowed.map((each) => `"${each}"`).join(" or ");
  throw usage(`${what} is ${list}; got ${show(value)}.`);
}

function usage(message: string): CliError {
  return new CliError("USAGE", message);
}

function show(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
