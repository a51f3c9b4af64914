/** What is said of a job when it has ended. */

import type { Tally } from "./tally.ts";
import { rateOf } from "./view.ts";
import { count, perTime, span } from "./words.ts";

export interface Ending {
  /** Whether it was ended before all rows were read. */
  readonly early: boolean;
  /** The rates as they were asked for. */
  readonly allowed: string;
  /** The window that they are counted in, 0 for none. */
  readonly windowMs: number;
  /** The name of the output. */
  readonly output: string;
}

export function summary(tally: Tally, { early, allowed, windowMs, output }: Ending): string {
  const { finished, failed, unreadable, inFlight, totalWait, started, since, until } = tally;
  const done = finished + unreadable;
  if (done === 0 && started === 0 && !early) return `no rows: the input is empty\n`;
  const elapsed = Math.max(0, until - since) / 1e3;
  const rate = rateOf(finished, elapsed, windowMs);
  const lines = [
    `${rows(done)} done in ${span(elapsed)}: ${count(finished - failed)} ok, ${count(failed + unreadable)} failed${unreadable > 0 ? ` (${count(unreadable)} of them could not be read)` : ""}`,
    `${perTime(rate)} (allowed ${allowed}), each waited ${span(totalWait / Math.max(1, started))} on average`,
  ];
  if (inFlight > 0) lines.push(`${rows(inFlight)} started and given up: not in the results`);
  if (early) lines.push(...notStarted(tally));
  lines.push(`results in ${output}`);
  return `${lines.join("\n")}\n`;
}

function notStarted({ total, read, started, unreadable }: Tally): string[] {
  const left = Math.max(0, (total ?? read) - started - unreadable);
  if (total === undefined) {
    return [`${rows(left)} read and not started; the input was not read to its end`];
  }
  return left > 0 ? [`${rows(left)} not started`] : [];
}

function rows(value: number): string {
  return value === 1 ? "1 row" : `${count(value)} rows`;
}
