/** Puts a job together from files and flags, runs it, and says how it ended. */

import { CliError } from "../cli-error.ts";
import { exitCodes } from "../exit-codes.ts";
import type { Host } from "../host.ts";
import { countRows } from "../input/count-rows.ts";
import { type Format, formatOf } from "../input/format.ts";
import { type Input, openInput } from "../input/open-input.ts";
import { rowSource } from "../input/row-source.ts";
import { JsonLinesSink } from "../output/json-lines-sink.ts";
import { isStandard, type Output, openOutput } from "../output/open-output.ts";
import { OrderedSink } from "../output/ordered-sink.ts";
import { showProgress } from "../progress/display.ts";
import { summary } from "../progress/summary.ts";
import { Tally } from "../progress/tally.ts";
import { say } from "../say.ts";
import { openGate } from "./gate.ts";
import { InProcessExecutor } from "./in-process-executor.ts";
import type { JobFunction } from "./job-function.ts";
import { loadModule } from "./load-module.ts";
import { type JobParts, runLoop } from "./loop.ts";
import type { ResultSink } from "./parts.ts";
import { StopControl } from "./stop-control.ts";
import { watchProcess } from "./watch-process.ts";

export interface RunSettings {
  readonly module: string;
  readonly input?: string;
  readonly output?: string;
  /** As texts; several hold at once. */
  readonly rates: readonly string[];
  readonly concurrency: number;
  readonly margin: string;
  readonly format?: Format;
  readonly ordered: boolean;
  readonly force: boolean;
}

/** What was opened and loaded for a job; nothing of it runs yet. */
interface Prepared {
  readonly gate: ReturnType<typeof openGate>;
  readonly format: Format;
  readonly input: Input;
  readonly output: Output;
  readonly jobFunction: JobFunction;
}

/** Returns the exit code; throws what kept the job from starting, or ended it. */
export async function runJobFromFiles(settings: RunSettings, host: Host): Promise<number> {
  const { gate, format, input, output, jobFunction } = await prepare(settings, host);
  const stop = new StopControl();
  const executor = new InProcessExecutor(jobFunction);
  const tally = new Tally(host.clock);
  const rates = { allowed: settings.rates.join(", "), windowMs: gate.windowMs };
  const display = showProgress(tally, host, { ...rates, toStdout: output.standard });
  const watch = watchProcess(host, stop, executor, () => {
    display.note(`stopping: ${tally.inFlight} rows still run; Ctrl-C again ends at once`);
  });
  const counted = countRows(input, format, stop.aborting).then((rows) => {
    tally.estimateTotal(rows);
  });
  const failures = await runToTheEnd({
    source: rowSource(input, format),
    gate,
    executor,
    sink: sinkFor(output, settings.ordered),
    observer: tally,
    stop,
    concurrency: settings.concurrency,
  });
  await gate[Symbol.asyncDispose]();
  display.stop();
  watch.end();
  const [failure] = [...failures, ...watch.crashes];
  if (isClosedOutput(failure)) return exitCodes.outputClosed;
  await counted;
  const early = stop.stopping.aborted;
  await say(host.stderr, summary(tally, { ...rates, early, output: output.name }));
  if (failure) throw failure;
  if (watch.signal) return watch.signal === "SIGINT" ? exitCodes.interrupted : exitCodes.terminated;
  return tally.failed + tally.unreadable > 0 ? exitCodes.rowsFailed : exitCodes.ok;
}

/** Runs the loop and closes the output; returns what went wrong, first things first. */
async function runToTheEnd(parts: JobParts): Promise<Error[]> {
  const failures: Error[] = [];
  const note = (error: Error): void => void failures.push(error);
  await runLoop(parts).catch(note);
  await parts.sink.close().catch(note);
  return failures;
}

function sinkFor(output: Output, ordered: boolean): ResultSink {
  const lines = new JsonLinesSink(output);
  return ordered ? new OrderedSink(lines) : lines;
}

function isClosedOutput(failure: Error | undefined): boolean {
  return failure instanceof CliError && failure.code === "OUTPUT_CLOSED";
}

/** Everything that can be wrong is found before the output is touched. */
async function prepare(settings: RunSettings, host: Host): Promise<Prepared> {
  const gate = openGate(settings.rates, settings.margin);
  const format = formatOf(settings.input, settings.format);
  const input = await openInput(settings.input, host);
  if (isStandard(settings.output)) host.keepConsoleOffStdout();
  const jobFunction = await loadOrNotice(settings.module, host);
  const output = await openOutput(settings.output, input, settings.force, host);
  if (input.bytes === host.stdin && host.stdin.isTTY) {
    host.stderr.write("reading rows from the terminal; end them with Ctrl-D\n");
  }
  return { gate, format, input, output, jobFunction };
}

/** Loads the module, or notices that it will never be loaded. */
async function loadOrNotice(module: string, host: Host): Promise<JobFunction> {
  let forget = (): void => {};
  const stuck = new Promise<never>((_resolve, reject) => {
    forget = host.onIdle(() => {
      reject(
        new CliError(
          "MODULE_FAILED",
          `the job module "${module}" never finishes loading: nothing is left that it could wait for; look for an "await" at its top level.`,
        ),
      );
    });
  });
  try {
    return await Promise.race([loadModule(module, host.cwd), stuck]);
  } finally {
    forget();
  }
}
