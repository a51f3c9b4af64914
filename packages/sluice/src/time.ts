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

/** How numbers are written in texts: what the type `${number}` admits, but for other bases. */
export const NUMBER: string = String.raw`[+-]?(?:[\d.]+(?:[eE][+-]?\d+)?|NaN|Infinity)`;

const TEXT = new RegExp(`^(${NUMBER})(ms|s|m|h|d|w)$`);

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

/** More of a received value says no more. */
const MOST_SHOWN = 200;

/** A received value as it is shown in messages: in short, and without what may be a password. */
export function show(value: unknown): string {
  if (typeof value === "function") return "a function";
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "string") return shorten(value);
  if (typeof value !== "object" || value === null) return String(value);
  const { name = "Object" } = (value.constructor as { name?: string } | undefined) ?? {};
  // A client has its settings in it.
  if (name !== "Object" && !Array.isArray(value) && !("toJSON" in value)) {
    return `an instance of ${name}`;
  }
  try {
    const text = JSON.stringify(value, (key, each: unknown) => {
      if (typeof each !== "string") return each;
      return /pass|secret|token/i.test(key) ? "***" : withoutPassword(each);
    });
    return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
  } catch {
    return "an object";
  }
}

function shorten(text: string): string {
  const shown = withoutPassword(text);
  if (shown.length <= MOST_SHOWN) return JSON.stringify(shown);
  return `${JSON.stringify(shown.slice(0, MOST_SHOWN / 2))}… (${text.length} characters)`;
}

/** Of an address. */
function withoutPassword(text: string): string {
  return text.replace(/(:\/\/[^/@:]*):.*@/s, "$1:***@");
}
