/** The limiter of a job: its limits over all workers and those of each worker in one. */

import {
  type AnyLimit,
  type Clock,
  createLimiter,
  type Duration,
  formatLimit,
  parseLimit,
} from "sluice";
import { CliError } from "../cli-error.ts";
import { defaults } from "../defaults.ts";
import { withCatchUp } from "./catch-up.ts";
import { carryOver, type NamedLimits, type SavedGate } from "./carry-over.ts";
import { millisOf } from "./duration.ts";
import type { JobLimits } from "./job-options.ts";
import type { Gate } from "./parts.ts";

export type { NamedLimits };

export interface GateOptions {
  /** Over all workers. */
  readonly limits: JobLimits | undefined;
  /** In each worker. */
  readonly perWorker: JobLimits | undefined;
  /** How many workers there are. */
  readonly slots: number;
  readonly margin: Duration;
  readonly clock: Clock;
}

export interface OpenGate extends Gate, AsyncDisposable {
  /** Milliseconds of the shortest window that the rates are counted in, 0 when there is none. */
  readonly windowMs: number;
  /** The limits as texts, those of each worker with "per worker". */
  readonly allowed: string;
  /** The limits by the names that they bind under. */
  readonly limits: NamedLimits;
  readonly margin: Duration;
  /** Whether anything is limited. */
  readonly rated: boolean;
  /** The limit that the next row of a slot waits for; undefined when it would pass. */
  binding(slot?: number): string | undefined;
  snapshot(): SavedGate;
  /** Goes on from a snapshot, if there is one; rows started since then are charged now. */
  restore(saved: SavedGate | undefined, started: number): Promise<void>;
}

/**
 * One limiter that holds all limits at once; a slot is a key of it.
 *
 * @throws what the library says of a rate or a margin that makes no sense.
 */
export function openGate({ limits, perWorker, slots, margin, clock }: GateOptions): OpenGate {
  const all = listOf(limits);
  const each = listOf(perWorker);
  if (all.length + each.length === 0) {
    throw new CliError(
      "RATE_MISSING",
      'nothing says how fast the rows may go; add --rate 100/s, or --rate unlimited (limits: "100/s" in code).',
    );
  }
  const shared = named(all, "limiter", "");
  const own = named(each, "key", " per worker");
  const list = [...all, ...each];
  const every = lenient({ ...shared, ...own }, margin);
  const keys = Array.from({ length: slots }, (_, slot) => `worker ${slot}`);
  const limiter = createLimiter(every, { name: "job", margin, clock });
  return {
    acquire: (options) => limiter.acquire(options),
    pause: (ms) => limiter.pause(ms),
    windowMs: shortestWindow(list),
    allowed: Object.keys(every).join(", "),
    limits: every,
    margin,
    rated: list.some(({ kind }) => kind !== "unlimited"),
    binding: (slot = 0) => limiter.explain({ key: `worker ${slot}` }).limit,
    snapshot: () => ({ ...limiter.snapshot(), limits: every, margin }),
    restore: (saved, started) =>
      carryOver({ limiter, limits: every, margin, clock, keys }, saved, started),
    [Symbol.asyncDispose]: () => limiter[Symbol.asyncDispose](),
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

/** Even rates make up for what they miss, as far as the margin leaves room for it. */
function lenient(limits: NamedLimits, margin: Duration): NamedLimits {
  const ms = millisOrNone(margin);
  return Object.fromEntries(
    Object.entries(limits).map(([name, limit]) => [name, withCatchUp(limit, ms)]),
  );
}

/** What makes no sense is told when the limiter is made. */
function millisOrNone(margin: Duration): number {
  try {
    return millisOf(margin, "margin");
  } catch {
    return 0;
  }
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
