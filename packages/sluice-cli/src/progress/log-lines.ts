/** A plain line every few seconds, for logs. */

import type { Writable } from "node:stream";
import type { Clock } from "sluice";
import { defaults } from "../defaults.ts";
import type { Display } from "./display.ts";
import type { View } from "./view.ts";
import { bindingText, count, perTime, plural, span } from "./words.ts";

export interface LogLinesOptions {
  readonly stream: Writable;
  readonly view: () => View;
  readonly clock: Clock;
}

export function showLogLines({ stream, view, clock }: LogLinesOptions): Display {
  const stop = every(defaults.logEveryMs, clock, () => stream.write(`${logLine(view())}\n`));
  return {
    note: (text) => {
      stream.write(`${text}\n`);
    },
    stop,
  };
}

/** Calls until the returned function is called, and keeps nothing alive. */
export function every(ms: number, clock: Clock, call: () => void): () => void {
  let cancel: () => void;
  const arm = (): void => {
    cancel = clock.setTimer(ms, again, true);
  };
  const again = (): void => {
    call();
    arm();
  };
  arm();
  return () => cancel();
}

export function logLine(view: View): string {
  const { total, read, started, finished, failed, retries, inFlight, rate, wait, binds, eta } =
    view;
  const crashes = view.workers.reduce((sum, worker) => sum + worker.crashes, 0);
  return [
    `read ${count(read)}${total === undefined ? "" : ` of ${count(total)}`}`,
    `started ${count(started)}`,
    `finished ${count(finished)}`,
    `${count(failed)} failed`,
    ...(retries === 0 ? [] : [plural(retries, "retry", "retries")]),
    ...(crashes === 0 ? [] : [plural(crashes, "crash", "crashes")]),
    `${count(inFlight)} in flight`,
    `${perTime(rate)}${bindingText(binds)}`,
    `waiting ${span(wait)}`,
    ...(eta === undefined ? [] : [`ETA ${span(eta)}`]),
  ].join(", ");
}
