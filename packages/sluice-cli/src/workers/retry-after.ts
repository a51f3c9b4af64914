/** What an error says of when to come back. */

import type { Duration } from "sluice";
import { millisOf } from "../runner/duration.ts";

/** A day, in milliseconds: whoever says more is asked again after it. */
const LONGEST = 86_400_000;

/**
 * Milliseconds, a day at the most: `error.retryAfter` (a number of them, or a text such as `"30s"`), else the
 * `retry-after` header of `error.headers` or `error.response.headers`, in seconds or as a date.
 *
 * @param wall - Milliseconds since the epoch.
 */
export function retryAfterOf(error: unknown, wall: number): number | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  try {
    const { retryAfter, headers, response } = error as ErrorWithHeaders;
    if (retryAfter !== undefined && retryAfter !== null) return durationOf(retryAfter);
    const header = headerOf(headers) ?? headerOf(response?.headers);
    return header === undefined ? undefined : headerMillis(header, wall);
  } catch {
    return undefined; // a getter that throws, a text that is no duration: the error stands for itself
  }
}

interface ErrorWithHeaders {
  readonly retryAfter?: unknown;
  readonly headers?: unknown;
  readonly response?: { readonly headers?: unknown } | null;
}

function durationOf(value: unknown): number | undefined {
  if (typeof value === "number") return positive(value);
  return typeof value === "string"
    ? positive(millisOf(value as Duration, "retryAfter"))
    : undefined;
}

function headerOf(headers: unknown): string | undefined {
  if (typeof headers !== "object" || headers === null) return undefined;
  const { get } = headers as { get?: unknown };
  const found: unknown =
    typeof get === "function"
      ? get.call(headers, "retry-after")
      : ((headers as Record<string, unknown>)["retry-after"] ??
        (headers as Record<string, unknown>)["Retry-After"]);
  return typeof found === "string" || typeof found === "number" ? String(found) : undefined;
}

function headerMillis(header: string, wall: number): number | undefined {
  const text = header.trim();
  if (/^\d+(\.\d+)?$/.test(text)) return positive(Number(text) * 1e3);
  return positive(Date.parse(text) - wall);
}

function positive(ms: number): number | undefined {
  return Number.isFinite(ms) && ms > 0 ? Math.min(ms, LONGEST) : undefined;
}
