/** The text of a rate: how many per span, such as "5/s" or "100/1m". */

import { InvalidOptionError } from "../errors.ts";
import { type DurationText, type DurationUnit, NUMBER, show, toMicros } from "../time.ts";

/** A span with a number or without: `"s"` is `"1s"`. */
export type SpanText = DurationUnit | DurationText;

/** How many per span: `"5/s"`, `"100/1m"`, `"0.5/s"`. */
export type RateText = `${number}/${SpanText}`;

const RATE = new RegExp(String.raw`^\s*(${NUMBER})\s*/\s*(\S+)\s*$`);

/** The count and the microseconds of a rate. */
export function parseRate(text: string): { count: number; span: number } {
  const match = typeof text === "string" ? RATE.exec(text) : null;
  if (!match) {
    throw new InvalidOptionError(
      `a rate is written as a count, a slash and a span, such as "5/s" or "100/1m"; got ${show(text)}.`,
    );
  }
  const count = Number(match[1]);
  if (!(count > 0 && count < 2 ** 50)) {
    throw new InvalidOptionError(
      `the count of a rate must be above 0; got ${show(text)}. Use "blocked" for nothing at all, and "unlimited" for no limit.`,
    );
  }
  return { count, span: toMicros(spanOf(match[2]!), `the span of the rate ${show(text)}`) };
}

/** `"s"` means `"1s"`. */
export function spanOf(text: string): DurationText {
  return (/^[a-z]+$/.test(text) ? `1${text}` : text) as DurationText;
}
