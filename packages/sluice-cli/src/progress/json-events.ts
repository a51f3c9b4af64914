/** Progress as JSON Lines, for programs; times are milliseconds. */

import type { Writable } from "node:stream";
import type { Clock } from "sluice";
import { defaults } from "../defaults.ts";
import type { Display } from "./display.ts";
import { every } from "./log-lines.ts";
import type { Ending } from "./summary.ts";
import type { Tally } from "./tally.ts";
import { rateOf, type View } from "./view.ts";

/** One line on stderr. `time` is when, in milliseconds since the epoch. */
export type ProgressEvent =
  | ({ readonly event: "progress"; readonly time: number } & View)
  | { readonly event: "note"; readonly time: number; readonly text: string }
  | ({ readonly event: "end"; readonly time: number } & Totals);

/** What a job came to. */
export interface Totals {
  readonly elapsed: number;
  readonly rows: number;
  readonly ok: number;
  readonly failed: number;
  readonly unreadable: number;
  /** Done by an earlier run. */
  readonly skipped: number;
  readonly calls: number;
  readonly retries: number;
  readonly crashes: number;
  /** Calls started a second. */
  readonly rate: number;
  readonly allowed: string;
  /** The store that holds the limits with other jobs, if there is one. */
  readonly store?: string;
  /** Whether it ended before all rows were read. */
  readonly early: boolean;
  readonly output: string;
}

export function showJsonEvents(options: {
  readonly stream: Writable;
  readonly view: () => View;
  readonly clock: Clock;
}): Display {
  const { stream, view, clock } = options;
  const say = (event: ProgressEvent): void => void stream.write(`${JSON.stringify(event)}\n`);
  const stop = every(defaults.eventEveryMs, clock, () => {
    say({ event: "progress", time: clock.wall(), ...view() });
  });
  return {
    note: (text) => say({ event: "note", time: clock.wall(), text }),
    stop: () => {
      stop();
      say({ event: "progress", time: clock.wall(), ...view() });
    },
  };
}

/** The last line. */
export function endEvent(tally: Tally, ending: Ending, clock: Pick<Clock, "wall">): string {
  const event: ProgressEvent = { event: "end", time: clock.wall(), ...totalsOf(tally, ending) };
  return `${JSON.stringify(event)}\n`;
}

export function totalsOf(
  tally: Tally,
  { early, allowed, store, windowMs, output }: Ending,
): Totals {
  const {
    finished,
    failed,
    unreadable,
    skipped,
    calls,
    retries,
    crashes,
    since,
    until,
    startedAt,
  } = tally;
  const elapsed = Math.max(0, until - since) / 1e3;
  return {
    elapsed,
    rows: finished + unreadable,
    ok: finished - failed,
    failed: failed + unreadable,
    unreadable,
    skipped,
    calls,
    retries,
    crashes,
    rate: rateOf(calls, Math.max(0, startedAt - since) / 1e3, windowMs),
    allowed,
    ...(store === undefined ? {} : { store }),
    early,
    output,
  };
}
