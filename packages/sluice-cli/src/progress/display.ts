import type { Host } from "../host.ts";
import { showBars } from "./bars.ts";
import type { JobLimitsAtWork } from "./eta.ts";
import { showJsonEvents } from "./json-events.ts";
import { showLogLines } from "./log-lines.ts";
import type { Tally } from "./tally.ts";
import { Viewer } from "./view.ts";

/** Shows a job while it runs. */
export interface Display {
  /** Says something beside the progress. */
  note(text: string): void;
  /** Draws the last state and leaves the terminal as it was. */
  stop(): void;
}

export interface DisplayOptions {
  /** The rates as they were asked for. */
  readonly allowed: string;
  /** The window that they are counted in, 0 for none. */
  readonly windowMs: number;
  readonly work: JobLimitsAtWork;
  /** Whether results go to stdout. */
  readonly toStdout: boolean;
  /** Events for programs, whatever stderr is. */
  readonly json?: boolean;
}

/** Bars on a terminal that is free for them, plain lines elsewhere, JSON where it is asked for. */
export function showProgress(
  tally: Tally,
  host: Pick<Host, "stderr" | "stdout" | "env" | "clock">,
  { allowed, windowMs, work, toStdout, json = false }: DisplayOptions,
): Display {
  const { stderr, stdout, env, clock } = host;
  const viewer = new Viewer({ tally, clock, windowMs, work });
  const view = () => viewer.view();
  if (json) return showJsonEvents({ stream: stderr, view, clock });
  const mixed = toStdout && stdout.isTTY; // results run over the same screen
  const dumb = env["TERM"] === "dumb";
  return stderr.isTTY && !mixed && !dumb
    ? showBars({ stream: stderr, view, allowed, slots: work.slots })
    : showLogLines({ stream: stderr, view, clock });
}
