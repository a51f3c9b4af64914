/** The limiter of a job, from the rates on the command line. */

import { createLimiter, type Duration, parseLimit } from "sluice";
import { CliError } from "../cli-error.ts";
import { defaults } from "../defaults.ts";
import type { Gate } from "./parts.ts";

type Limit = ReturnType<typeof parseLimit>;

export interface OpenGate extends Gate, AsyncDisposable {
  /** Milliseconds of the shortest window that the rates are counted in, 0 when there is none. */
  readonly windowMs: number;
}

/**
 * One limiter that holds all rates at once.
 *
 * @throws what the library says of a rate or a margin that makes no sense.
 */
export function openGate(rates: readonly string[], margin: string): OpenGate {
  if (rates.length === 0) {
    throw new CliError(
      "RATE_MISSING",
      "nothing says how fast the rows may go; add --rate 100/s, or --rate unlimited.",
    );
  }
  const limits = rates.map(limitOf);
  const limiter = createLimiter(limits, { margin: margin as Duration });
  return {
    acquire: (options) => limiter.acquire(options),
    windowMs: shortestWindow(limits),
    [Symbol.asyncDispose]: () => limiter[Symbol.asyncDispose](),
  };
}

function limitOf(text: string): Limit {
  const limit = parseLimit(text);
  if (limit.kind !== "blocked") return limit;
  throw new CliError(
    "RATE_BLOCKED",
    `--rate "${text}" lets no row through; give a rate above zero.`,
  );
}

/** Rates over longer spans are not compared with what is measured over a few seconds. */
function shortestWindow(limits: readonly Limit[]): number {
  const spans = limits.flatMap((limit) =>
    limit.kind === "window" ? limit.rates.map(({ span }) => span / 1e3) : [],
  );
  const shortest = Math.min(...spans);
  return shortest <= defaults.rateOverMs ? shortest : 0;
}
