/** What all limits are given besides their numbers, checked early and loudly. */

import { InvalidOptionError } from "../errors.ts";
import { show } from "../time.ts";
import type { Per, Terms } from "./limit.ts";

/** Options that every limit takes. */
export interface LimitOptions {
  /** Whose budget: `"key"` (default), one for each key, or `"limiter"`, one under all keys. */
  readonly per?: Per;
  /**
   * How much of this limit an ask takes that names no cost: 0 or more, default 1. With `"required"`
   * leaving the cost out is a type error and an `INVALID_COST`.
   */
  readonly defaultCost?: number | "required";
}

/** The type of a limit whose cost must be given, or need not be. */
export type Costed<O> = {
  readonly defaultCost: O extends { readonly defaultCost: "required" } ? "required" : number;
};

export function terms(what: string, options: LimitOptions, whole: boolean): Terms {
  const { per = "key", defaultCost = 1 } = options;
  if (per !== "key" && per !== "limiter") {
    throw new InvalidOptionError(`per of ${what} must be "key" or "limiter"; got ${show(per)}.`);
  }
  const sound = typeof defaultCost === "number" && defaultCost >= 0 && defaultCost < 2 ** 50;
  if (defaultCost !== "required" && !sound) {
    throw new InvalidOptionError(
      `defaultCost of ${what} must be 0 or more, or "required"; got ${show(defaultCost)}.`,
    );
  }
  if (whole && defaultCost !== "required" && !Number.isInteger(defaultCost)) {
    throw new InvalidOptionError(`defaultCost of ${what} must be whole; got ${show(defaultCost)}.`);
  }
  return { per, defaultCost };
}

/** A whole number from 1 on. */
export function wholeCount(value: number, what: string, most: number, remedy: string): number {
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new InvalidOptionError(
    `${what} must be a whole number from 1 to ${most}; got ${show(value)}. ${remedy}`,
  );
}

/** The advice for a limit of zero. */
export const NOT_ZERO = "Use `blocked` for nothing at all, and `unlimited` for no limit.";
