import { CliError } from "../cli-error.ts";
import type { Host, StopSignal } from "../host.ts";
import type { StopControl } from "./stop-control.ts";

export interface Watch {
  /** The first signal that came. */
  readonly signal: StopSignal | undefined;
  readonly crashes: readonly CliError[];
  end(): void;
}

/** Ends the job in good order on signals and on errors that nobody caught. */
export function watchProcess(host: Host, stop: StopControl, onStopping: () => void): Watch {
  let signal: StopSignal | undefined;
  let interrupts = 0;
  const crashes: CliError[] = [];
  const ends = [
    host.onSignal((received) => {
      if (received === "SIGINT") interrupts += 1;
      if (interrupts > 1) stop.abort();
      else stop.stop();
      if (!signal) onStopping();
      signal ??= received;
    }),
    host.onCrash((error) => {
      crashes.push(crash(error));
      stop.stop();
    }),
  ];
  return {
    get signal() {
      return signal;
    },
    crashes,
    end: () => {
      for (const end of ends) end();
    },
  };
}

function crash(error: unknown): CliError {
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new CliError(
    "JOB_CRASHED",
    `the job threw outside of its rows (${what}); catch it there, or await the promise that rejects.`,
    { cause: error },
  );
}
