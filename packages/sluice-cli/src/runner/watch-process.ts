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
  const heard = new Set<StopSignal>();
  const crashes: CliError[] = [];
  const ends = [
    host.onSignal((received) => {
      // One wish may come as both: from a terminal, and passed on by whoever started us.
      if (heard.has(received)) stop.abort();
      else stop.stop();
      heard.add(received);
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
