/** The options of a job, checked, with their defaults. */

import { serialize } from "node:v8";
import type { Duration } from "sluice";
import { CliError } from "../cli-error.ts";
import { defaults } from "../defaults.ts";
import { millisOf } from "./duration.ts";
import type { Isolation, JobOptions } from "./job-options.ts";
import { checkKinds, shown } from "./option-kinds.ts";
import { describeError } from "./result-record.ts";

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
  /** Milliseconds. */
  readonly storeTimeout: number;
}

/**
 * @throws `USAGE` for what makes no sense, with the value, the rule and the remedy.
 */
export function settingsOf(options: JobOptions): JobSettings {
  checkKinds(options);
  if (options.module === undefined) throw usage("a job needs a module; name its file.");
  const workers = count(options.workers, "workers", 1, defaults.mostWorkers, 1);
  const { isolation = options.workers === undefined ? "none" : "process" } = options;
  if (isolation === "none" && workers > 1) {
    throw usage(`isolation "none" has one worker, this process; got workers ${workers}.`);
  }
  checkData(options.data, isolation);
  checkStore(options);
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
    onError: options.onError ?? "continue",
    storeTimeout: millisOf(options.storeTimeout ?? defaults.storeTimeout, "storeTimeout"),
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
  throw usage(`${what} is a whole number from ${least} to ${most}; got ${shown(value)}.`);
}

/** Workers would wait for ever for what cannot be sent to them. */
function checkData(data: unknown, isolation: Isolation): void {
  if (isolation === "none") return;
  try {
    if (isolation === "process") serialize(data);
    else structuredClone(data);
  } catch (error) {
    throw usage(
      `data is sent to every worker, and this cannot be (${describeError(error).message}); give plain data, or isolation "none".`,
    );
  }
}

/** What names or tunes a store, and the store, are of no use alone. */
function checkStore({ store, name, grace, storeTimeout }: JobOptions): void {
  if (store !== undefined) {
    if (name !== undefined) return checkGrace(store, grace);
    throw new CliError(
      "NAME_MISSING",
      "a store holds limits by name, and jobs of one name share them; add --name (name in code).",
    );
  }
  const alone = Object.entries({ name, grace, storeTimeout }).find(
    ([, value]) => value !== undefined,
  );
  if (!alone) return;
  throw usage(
    `${alone[0]} is of limits in a store, and there is none; add --store (store in code), or leave it out.`,
  );
}

function checkGrace(store: NonNullable<JobOptions["store"]>, grace: JobOptions["grace"]): void {
  if (grace === undefined || typeof store === "string") return;
  throw usage("grace is that of a store by its address; give one that was made in code its own.");
}

function usage(message: string): CliError {
  return new CliError("USAGE", message);
}
