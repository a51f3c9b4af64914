/** Bars on a terminal: rows read, started, finished, and the workers if there are several. */

import type { Writable } from "node:stream";
import cliProgress from "cli-progress";
import type { Display } from "./display.ts";
import type { View, WorkerView } from "./view.ts";
import { bindingText, count, perTime, plural, span } from "./words.ts";

const steps = ["read", "started", "finished"] as const;

type Step = (typeof steps)[number];

export interface BarsOptions {
  readonly stream: Writable & { readonly columns?: number };
  readonly view: () => View;
  /** The rates as they were asked for. */
  readonly allowed: string;
  /** How many workers there are. */
  readonly slots: number;
}

export function showBars({ stream, view, allowed, slots }: BarsOptions): Display {
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
  const columns = (): number => stream.columns ?? 80;
  for (const step of steps) {
    bars.create(
      1,
      0,
      {},
      { format: () => fit(barLine(step, shown, allowed, columns()), columns()) },
    );
  }
  if (slots > 1) {
    bars.create(1, 0, {}, { format: () => fit(workersLine(shown.workers, columns()), columns()) });
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
  const { [step]: done, total } = view;
  const notes = { read: "", started: startedNote(view, allowed), finished: finishedNote(view) };
  const numbers = 2 * count(total ?? 0).length + " of ".length;
  const words = `started    1,234/s (allowed ${allowed}) held by concurrency, waiting 59 m 59 s  `;
  const width = Math.min(40, Math.max(8, columns - numbers - words.length)); // steady
  const filled = total === undefined ? 0 : Math.round((width * done) / Math.max(1, total));
  const bar = total === undefined ? "" : `${"█".repeat(filled)}${"░".repeat(width - filled)}  `;
  const counts = total === undefined ? count(done) : `${count(done)} of ${count(total)}`;
  return `${step.padEnd(8)} ${bar}${counts}${notes[step]}`;
}

function startedNote({ rate, wait, binds }: View, allowed: string): string {
  return `  ${perTime(rate)} (allowed ${allowed})${bindingText(binds)}, waiting ${span(wait)}`;
}

function finishedNote({ inFlight, retries, failed, eta }: View): string {
  const again = retries === 0 ? "" : `, ${plural(retries, "retry", "retries")}`;
  const ends = eta === undefined ? "" : `, ETA ${span(eta)}`;
  return `  ${count(inFlight)} in flight${again}, ${count(failed)} failed${ends}`;
}

const levels = "▁▂▃▄▅▆▇█";

/** The load of each worker, lowest to highest, in one sign. */
export function workersLine(workers: readonly WorkerView[], columns: number): string {
  const most = Math.max(1, columns - 50);
  const signs = workers
    .slice(0, most)
    .map(({ load }) => levels[Math.min(7, Math.ceil(load * 8) - 1)] ?? "·")
    .join("");
  const load = workers.reduce((sum, worker) => sum + worker.load, 0) / Math.max(1, workers.length);
  const crashes = workers.reduce((sum, worker) => sum + worker.crashes, 0);
  const lost = crashes === 0 ? "" : `, ${plural(crashes, "crash", "crashes")}`;
  return `workers  ${signs}  ${count(workers.length)}, ${Math.round(load * 100)} % of their calls in use${lost}`;
}

/** A line that is cut off instead of wrapped: wrapped bars cannot be drawn over. */
function fit(line: string, columns: number): string {
  return line.length <= columns ? line : `${line.slice(0, Math.max(0, columns - 1))}…`;
}
