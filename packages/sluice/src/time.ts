/**
 * The one time unit: inside, instants and spans are whole microseconds, always rounded up; outside,
 * milliseconds. Every conversion is here.
 */

import { InvalidOptionError } from "./errors.ts";

const MICROS: Record<DurationUnit, number> = {
  ms: 1e3,
  s: 1e6,
  m: 60e6,
  h: 3600e6,
  d: 86_400e6,
  w: 604_800e6,
};

/** A century: longer spans are taken for a mistake, and would leave the exact integers. */
const MAX_MICROS = 36_525 * 86_400e6;

/** Milliseconds, seconds, minutes, hours, days (24 hours), weeks. */
export type DurationUnit = "ms" | "s" | "m" | "h" | "d" | "w";

/** A number and its unit, such as `"250ms"`, `"1.5s"`, `"1h"`. */
export type DurationText = `${number}${DurationUnit}`;

/** A span of time: milliseconds as a number, or a text with its unit. */
export type Duration = number | DurationText;

const TEXT = /^(\d+(?:\.\d+)?|\.\d+)(ms|s|m|h|d|w)$/;

/**
 * The microseconds of a duration, rounded up.
 *
 * @param what - Names the option in the message.
 * @param least - The smallest span allowed, in microseconds: 1 unless zero makes sense.
 */
export function toMicros(duration: Duration, what: string, least = 1): number {
  let micros = Number.NaN;
  if (typeof duration === "number") micros = Math.ceil(roundOff(duration * 1e3));
  else {
    const match = typeof duration === "string" && TEXT.exec(duration);
    if (match) micros = Math.ceil(roundOff(Number(match[1]) * MICROS[match[2] as DurationUnit]));
  }
  if (micros >= least && micros <= MAX_MICROS) return micros;
  throw new InvalidOptionError(
    `${what} must be ${least > 0 ? "above 0" : "0 or more"} and at most 36525d, in milliseconds or as a text such as "250ms", "2s", "1m", "1h", "1d", "1w"; got ${show(duration)}.`,
  );
}

/** Drops the error of a decimal fraction, so that 1.1 s is 1,100,000 µs and not one more. */
function roundOff(micros: number): number {
  const whole = Math.round(micros);
  return Math.abs(micros - whole) < 1e-6 * Math.max(1, whole * 1e-9) ? whole : micros;
}

/** The shortest text of a span, such as `1m` or `1500ms`. */
export function formatMicros(micros: number): DurationText {
  for (const unit of ["w", "d", "h", "m", "s"] as const) {
    if (micros % MICROS[unit] === 0 && micros > 0) return `${micros / MICROS[unit]}${unit}`;
  }
  return `${micros / 1e3}ms`;
}

/** Whole milliseconds that are not before the given microseconds. */
export function toMillis(micros: number): number {
  return Math.ceil(micros / 1e3);
}

/** A received value as it is shown in messages; but what a client of a database holds stays unsaid. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "object" && value !== null) {
    const made = value.constructor?.name ?? "Object";
    if (made !== "Object" && made !== "Array") return `an object of the class ${made}`;
    try {
      return JSON.stringify(value);
    } catch {
      return "an object";
    }
  }
  return typeof value === "function" ? "a function" : String(value);
}
