/** The limits of a job, those over all workers and those of each, by the names that they bind under. */

import { type AnyLimit, formatLimit, parseLimit } from "sluice";
import { CliError } from "../cli-error.ts";
import { defaults } from "../defaults.ts";
import type { NamedLimits } from "./carry-over.ts";
import type { JobLimits } from "./job-options.ts";

export interface GateLimits {
  /** Over all workers. */
  readonly shared: NamedLimits;
  /** Of each worker, with "per worker" after their texts. */
  readonly own: NamedLimits;
  /** Whether anything is limited. */
  readonly rated: boolean;
  /** Milliseconds of the shortest window that the rates are counted in, 0 when there is none. */
  readonly windowMs: number;
}

/** @throws `RATE_MISSING`, `RATE_BLOCKED`, and what the library says of a rate that makes no sense. */
export function gateLimitsOf(
  limits: JobLimits | undefined,
  perWorker: JobLimits | undefined,
): GateLimits {
  const all = listOf(limits);
  const each = listOf(perWorker);
  const list = [...all, ...each];
  if (list.length === 0) {
    throw new CliError(
      "RATE_MISSING",
      'nothing says how fast the rows may go; add --rate 100/s, or --rate unlimited (limits: "100/s" in code).',
    );
  }
  return {
    shared: named(all, "limiter", ""),
    own: named(each, "key", " per worker"),
    rated: list.some(({ kind }) => kind !== "unlimited"),
    windowMs: shortestWindow(list),
  };
}

/** Each limit under its text, which messages then call it by. */
function named(limits: readonly AnyLimit[], per: "limiter" | "key", suffix: string): NamedLimits {
  const found: Record<string, AnyLimit> = {};
  for (const limit of limits) {
    const text = formatLimit(limit) + suffix;
    found[text] = { ...limit, per } as AnyLimit;
  }
  return found;
}

function listOf(limits: JobLimits | undefined): AnyLimit[] {
  if (limits === undefined) return [];
  return (Array.isArray(limits) ? (limits as readonly unknown[]) : [limits]).map(limitOf);
}

function limitOf(input: unknown): AnyLimit {
  const limit = typeof input === "object" ? (input as AnyLimit) : parseLimit(String(input));
  if (limit.kind !== "blocked") return limit;
  throw new CliError(
    "RATE_BLOCKED",
    `the rate "blocked" lets no row through; give one above zero.`,
  );
}

/** Rates over longer spans are not compared with what is measured over a few seconds. */
function shortestWindow(limits: readonly AnyLimit[]): number {
  const spans = limits.flatMap((limit) =>
    limit.kind === "window" ? limit.rates.map(({ span }) => span / 1e3) : [],
  );
  const shortest = Math.min(...spans);
  return shortest <= defaults.rateOverMs ? shortest : 0;
}
