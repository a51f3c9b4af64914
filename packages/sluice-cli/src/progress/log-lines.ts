/** A plain line every few seconds, for logs. */

import type { Writable } from "node:stream";
import type { Clock } from "sluice";
import { defaults } from "../defaults.ts";
import type { Display } from "./display.ts";
import type { View } from "./view.ts";
import { count, perTime, span } from "./words.ts";

export interface LogLinesOptions {
  readonly stream: Writable;
  readonly view: () => View;
  readonly clock: Clock;
}

export function showLogLines({ stream, view, clock }: LogLinesOptions): Display {
  let cancel: () => void;
  const arm = (): void => {
    cancel = clock.setTimer(defaults.logEveryMs, print, true);
  };
  const print = (): void => {
    stream.write(`${logLine(view())}\n`);
    arm();
  };
  arm();
  return {
    note: (text) => {
      stream.write(`${text}\n`);
    },
    stop: () => cancel(),
  };
}

export function logLine(view: View): string {
  const { total, read, started, finished, failed, inFlight, rate, wait, eta } = view;
  return [
    `read ${count(read)}${total === undefined ? "" : ` of ${count(total)}`}`,
    `started ${count(started)}`,
    `finished ${count(finished)}`,
    `${count(failed)} failed`,
    `${count(inFlight)} in flight`,
    perTime(rate),
    `waiting ${span(wait)}`,
    ...(eta === undefined ? [] : [`ETA ${span(eta)}`]),
  ].join(", ");
}
