/** What the options of a limiter may be: anything else is refused when it is made. */

import type { Clock } from "./clock.ts";
import { InvalidOptionError } from "./errors.ts";
import { show } from "./time.ts";

const MOST = 2 ** 24;

export function readName(name: unknown): string {
  if (typeof name === "string") return name;
  throw new InvalidOptionError(`name must be a string, such as "github"; got ${show(name)}.`);
}

export function checkLimitsFor(limitsFor: unknown): void {
  if (limitsFor == null || typeof limitsFor === "function") return;
  throw new InvalidOptionError(
    `limitsFor must be a function from a key to its limits, or left out; got ${show(limitsFor)}. For the same limits for every key, pass them as the first argument.`,
  );
}

export function checkClock(clock: Partial<Clock> | undefined): void {
  if (clock == null) return;
  const missing = (["now", "wall", "setTimer"] as const).find(
    (name) => typeof clock[name] !== "function",
  );
  if (missing === undefined) return;
  throw new InvalidOptionError(
    `clock must have the functions now, wall and setTimer; got ${show(clock)} without ${missing}. Leave it out for the system's, or pass manualClock() of "sluice/testing".`,
  );
}

/** A whole number from `least` to 2^24, which is the default. */
export function count(given: number | undefined, what: string, least: number): number {
  const value = given ?? MOST;
  if (Number.isInteger(value) && value >= least && value <= MOST) return value;
  throw new InvalidOptionError(
    `${what} must be a whole number from ${least} to ${MOST}; got ${show(value)}.`,
  );
}

export function oneOf<T extends string>(value: T, what: string, known: readonly T[]): T {
  if (known.includes(value)) return value;
  throw new InvalidOptionError(
    `${what} must be ${known.map((each) => `"${each}"`).join(" or ")}; got ${show(value)}.`,
  );
}
