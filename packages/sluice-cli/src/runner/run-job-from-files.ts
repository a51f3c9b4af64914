/** Runs a job for the command line: with progress, signals, a summary and an exit code. */

import { CliError } from "../cli-error.ts";
import type { JobConfig } from "../config/config.ts";
import { withNamedFailures } from "../config/own-code.ts";
import { exitCodes } from "../exit-codes.ts";
import type { Host } from "../host.ts";
import { showProgress } from "../progress/display.ts";
import { endEvent, totalsOf } from "../progress/json-events.ts";
import { type Ending, summary } from "../progress/summary.ts";
import { Tally } from "../progress/tally.ts";
import { Report } from "../report/report.ts";
import { writeReport } from "../report/write-report.ts";
import { say } from "../say.ts";
import type { JobOptions } from "./job-options.ts";
import { observeAll } from "./observers.ts";
import { openJob } from "./open-job.ts";
import type { JobObserver } from "./parts.ts";
import { runOpenJob } from "./run-open-job.ts";
import { StopControl } from "./stop-control.ts";
import { type Watch, watchProcess } from "./watch-process.ts";

/**
 * Returns the exit code; throws what kept the job from starting, or ended it.
 *
 * @param title - What the job is called in its report.
 */
export async function runJobFromFiles(
  config: JobConfig & Pick<JobOptions, "module">,
  host: Host,
  title: string = config.module,
): Promise<number> {
  const { json = false, report: reportPath, ...rest } = config;
  const options: JobOptions = withNamedFailures({ ...rest, output: rest.output ?? "-" });
  const tally = new Tally(host.clock);
  const observers: JobObserver[] = [tally];
  const observer = observeAll(observers);
  let note: (text: string) => void = () => {};
  const job = await openJob({
    options,
    host,
    observer,
    report: reportPath,
    note: (text) => note(text),
  });
  const { gate, settings, input } = job;
  const { clock } = host;
  let report: Report | undefined;
  if (reportPath !== undefined) {
    report = new Report({ clock, gate, concurrency: settings.concurrency });
    observers.push(report);
  }
  const stop = new StopControl();
  const { allowed, windowMs } = gate;
  const toStdout = options.output === "-";
  const work = { gate, slots: settings.workers, concurrency: settings.concurrency };
  const display = showProgress(tally, host, { allowed, windowMs, work, toStdout, json });
  note = (text) => display.note(text);
  if (gate.store !== undefined) note(`limits shared as ${gate.store}`);
  const watch = watchProcess(host, stop, () => {
    display.note(`stopping: ${tally.inFlight} rows still run; Ctrl-C again ends at once`);
  });
  tellOfTerminal(options, host);
  const counted = input.count(stop.aborting).then((rows) => tally.estimateTotal(rows));
  const failures = await runOpenJob(job, { stop, observer, clock });
  note = () => {};
  display.stop();
  watch.end();
  const allFailures = [...failures, ...watch.crashes];
  const [failure] = allFailures;
  if (failure instanceof CliError && failure.code === "OUTPUT_CLOSED") {
    return exitCodes.outputClosed;
  }
  await counted;
  const output = toStdout ? "standard output" : `"${options.output}"`;
  const { store } = gate;
  const early = stop.stopping.aborted || allFailures.length > 0;
  const ending: Ending = { early, allowed, store, windowMs, output };
  await say(host.stderr, json ? endEvent(tally, ending, clock) : summary(tally, ending));
  if (report && reportPath !== undefined) {
    await writeReport(reportPath, host.cwd, report, {
      title,
      totals: totalsOf(tally, ending),
    });
  }
  if (allFailures.length > 0) throw failure; // which may be undefined, when that was thrown
  return exitCodeOf(watch, tally);
}

function exitCodeOf({ signal }: Watch, { failed, unreadable }: Tally): number {
  if (signal) return signal === "SIGINT" ? exitCodes.interrupted : exitCodes.terminated;
  return failed + unreadable > 0 ? exitCodes.rowsFailed : exitCodes.ok;
}

function tellOfTerminal({ input = "-" }: JobOptions, { stdin, stderr }: Host): void {
  if (input === "-" && stdin.isTTY) {
    stderr.write("reading rows from the terminal; end them with Ctrl-D\n");
  }
}
