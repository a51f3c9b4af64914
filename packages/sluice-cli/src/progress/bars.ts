/** Three bars on a terminal: rows read, started, finished. */

import type { Writable } from "node:stream";
import cliProgress from "cli-progress";
import type { Display } from "./display.ts";
import type { View } from "./view.ts";
import { count, perTime, span } from "./words.ts";

const steps = ["read", "started", "finished"] as const;

type Step = (typeof steps)[number];

export interface BarsOptions {
  readonly stream: Writable & { readonly columns?: number };
  readonly view: () => View;
  /** The rates as they were asked for. */
  readonly allowed: string;
}

export function showBars({ stream, view, allowed }: BarsOptions): Display {
  const bars = new cliProgress.MultiBar({
    stream,
    hideCursor: true,
    gracefulExit: false, // signals are the job's
    forceRedraw: true, // a note moves the bars down
  });
  let shown = view();
  bars.on("redraw-pre", () => {
    shown = view();
  });
  // A job whose calls can never settle is known by an idle process: drawing must not keep it busy.
  const timer = bars as unknown as { timer: NodeJS.Timeout | null };
  bars.on("update-post", () => timer.timer?.unref());
  for (const step of steps) {
    const format = (): string => barLine(step, shown, allowed, stream.columns ?? 80);
    bars.create(1, 0, {}, { format });
  }
  timer.timer?.unref();
  return {
    note: (text) => bars.log(`${text}\n`),
    stop: () => {
      bars.update();
      bars.stop();
    },
  };
}

/** One bar and what stands to the right of it. */
export function barLine(step: Step, view: View, allowed: string, columns: number): string {
  const { [step]: done, total, rate, wait, inFlight, failed, eta } = view;
  const width = Math.min(40, Math.max(8, columns - widthOfText(total, allowed)));
  const filled = total === undefined ? 0 : Math.round((width * done) / Math.max(1, total));
  const bar = total === undefined ? "" : `${"█".repeat(filled)}${"░".repeat(width - filled)}  `;
  const counts = total === undefined ? count(done) : `${count(done)} of ${count(total)}`;
  const ends = eta === undefined ? "" : `, ETA ${span(eta)}`;
  const notes = {
    read: "",
    started: `  ${perTime(rate)} (allowed ${allowed}), waiting ${span(wait)}`,
    finished: `  ${count(inFlight)} in flight, ${count(failed)} failed${ends}`,
  };
  return `${step.padEnd(8)} ${bar}${counts}${notes[step]}`;
}

/** The columns that everything but the bar may take, so that no line is cut off. */
function widthOfText(total: number | undefined, allowed: string): number {
  const counts = 2 * count(total ?? 0).length + " of ".length;
  return "started    1,234/s (allowed ), waiting 59 m 59 s  ".length + counts + allowed.length;
}
