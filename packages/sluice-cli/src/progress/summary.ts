/** What is said of a job when it has ended. */

import { totalsOf } from "./json-events.ts";
import type { Tally } from "./tally.ts";
import { count, perTime, plural, span } from "./words.ts";

export interface Ending {
  /** Whether it was ended before all rows were read. */
  readonly early: boolean;
  /** The rates as they were asked for. */
  readonly allowed: string;
  /** The store that holds them with other jobs, if there is one. */
  readonly store?: string | undefined;
  /** The window that they are counted in, 0 for none. */
  readonly windowMs: number;
  /** The name of the output. */
  readonly output: string;
}

export function summary(tally: Tally, ending: Ending): string {
  const { early, allowed, store, output } = ending;
  const { skipped, inFlight, totalWait, started, calls } = tally;
  const {
    rows: done,
    ok,
    failed,
    unreadable,
    elapsed,
    rate,
    retries,
    crashes,
  } = totalsOf(tally, ending);
  if (done === 0 && started === 0 && !early) {
    return skipped === 0
      ? `no rows: the input is empty, or --first is 0\n`
      : `nothing left to do: ${rows(skipped)} done before\n`;
  }
  const unread = unreadable > 0 ? ` (${count(unreadable)} of them could not be read)` : "";
  const lines = [
    `${rows(done)} done in ${span(elapsed)}: ${count(ok)} ok, ${count(failed)} failed${unread}`,
    `${perTime(rate)} (allowed ${allowed}), each waited ${span(totalWait / Math.max(1, calls))} on average`,
  ];
  if (store !== undefined) lines.push(`limits shared as ${store}`);
  const trouble = [
    ...(retries === 0 ? [] : [plural(retries, "retry", "retries")]),
    ...(crashes === 0 ? [] : [`${plural(crashes, "worker", "workers")} lost and replaced`]),
  ];
  if (trouble.length > 0) lines.push(trouble.join(", "));
  if (skipped > 0) lines.push(`${rows(skipped)} done by an earlier run`);
  if (inFlight > 0) lines.push(`${rows(inFlight)} started and given up: not in the results`);
  if (early) lines.push(...notStarted(tally));
  lines.push(`results in ${output}`);
  return `${lines.join("\n")}\n`;
}

function notStarted({ total, read, skipped, started, unreadable }: Tally): string[] {
  const left = Math.max(0, (total ?? read + skipped) - started - unreadable - skipped);
  if (total === undefined) {
    return [`${rows(left)} read and not started; the input was not read to its end`];
  }
  return left > 0 ? [`${rows(left)} not started`] : [];
}

function rows(value: number): string {
  return plural(value, "row", "rows");
}
