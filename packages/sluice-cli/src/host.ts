/** What the command line takes from the process it runs in; tests bring their own. */

import { Console } from "node:console";
import type { Readable, Writable } from "node:stream";
import { type Clock, systemClock } from "sluice";

export type StopSignal = "SIGINT" | "SIGTERM";

export interface Host {
  readonly stdin: Readable & { readonly isTTY?: boolean; readonly fd?: number };
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly fd?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly clock: Clock;
  /** Calls for every Ctrl-C and SIGTERM until the returned function is called. */
  onSignal(listener: (signal: StopSignal) => void): () => void;
  /** Calls when nothing is left that could ever go on: no timer, no socket, no file. */
  onIdle(listener: () => void): () => void;
  /** Calls when an error was thrown, or a promise rejected, that nobody caught. */
  onCrash(listener: (error: unknown) => void): () => void;
  /** From now on `console` writes to stderr, because stdout holds results. */
  keepConsoleOffStdout(): void;
}

export function processHost(): Host {
  const { stdout, stderr, env } = process;
  stdout.on("error", () => {}); // whoever writes is told by the callback of the write
  stderr.on("error", () => {}); // nobody reads it any more: not a reason to end a job
  return {
    get stdin() {
      return process.stdin; // opened only when asked for
    },
    stdout,
    stderr,
    env,
    cwd: process.cwd(),
    clock: systemClock,
    onSignal: (listener) => listen(["SIGINT", "SIGTERM"], listener),
    onIdle: (listener) => listen(["beforeExit"], listener),
    onCrash: (listener) => listen(["uncaughtException"], listener),
    keepConsoleOffStdout() {
      globalThis.console = new Console({ stdout: stderr, stderr });
    },
  };
}

/** What a job that was started in code takes from the process: nothing is changed in it. */
export function libraryHost(): Host {
  return {
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    clock: systemClock,
    onSignal: () => () => {},
    onIdle: (listener) => listen(["beforeExit"], listener),
    onCrash: () => () => {},
    keepConsoleOffStdout() {},
  };
}

function listen<Value>(events: string[], listener: (value: Value) => void): () => void {
  for (const event of events) process.on(event, listener);
  return () => {
    for (const event of events) process.off(event, listener);
  };
}
