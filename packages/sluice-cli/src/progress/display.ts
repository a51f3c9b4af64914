import type { Clock } from "sluice";
import type { Host } from "../host.ts";
import { showBars } from "./bars.ts";
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

/** Bars on a terminal that is free for them, plain lines elsewhere. */
export function showProgress(
  tally: Tally,
  host: Pick<Host, "stderr" | "stdout" | "env"> & { clock: Clock },
  options: { allowed: string; windowMs: number; toStdout: boolean },
): Display {
  const { stderr, stdout, env, clock } = host;
  const viewer = new Viewer(tally, options.windowMs);
  const view = () => viewer.view(clock.now());
  const mixed = options.toStdout && stdout.isTTY; // results run over the same screen
  const dumb = env["TERM"] === "dumb";
  return stderr.isTTY && !mixed && !dumb
    ? showBars({ stream: stderr, view, allowed: options.allowed })
    : showLogLines({ stream: stderr, view, clock });
}
