/** Puts a job together: everything that can be wrong is found before an output is touched. */

import type { Host } from "../host.ts";
import type { FileJournal } from "../journal/file-journal.ts";
import { journaledRows } from "../journal/journaled-rows.ts";
import { openStore, type OpenStore } from "../store/open-store.ts";
import { LimiterDesk, type SavedLimiters } from "../workers/limiter-desk.ts";
import type { SavedGate } from "./carry-over.ts";
import { Closing } from "./closing.ts";
import { type OpenGate, openGate } from "./gate.ts";
import type { JobOptions } from "./job-options.ts";
import { type JobSettings, settingsOf } from "./job-settings.ts";
import { inTurn, type Listener, nowhere } from "./listener-sink.ts";
import { openExecutor } from "./open-executor.ts";
import { type InputRows, openInputRows } from "./open-input-rows.ts";
import { FoundResults } from "./open-results.ts";
import type { Executor, JobObserver, ResultSink, RowSource } from "./parts.ts";
import { openSharedGate } from "./shared-gate.ts";

/** A job, ready to run; nothing of it runs yet but its first worker. */
export interface OpenJob {
  readonly options: JobOptions;
  readonly settings: JobSettings;
  readonly gate: OpenGate;
  /** The job's own limiters. */
  readonly desk: LimiterDesk;
  readonly executor: Executor;
  readonly input: InputRows;
  /** The rows that are left to do. */
  readonly source: RowSource;
  readonly journal: FileJournal | undefined;
  readonly sink: ResultSink;
  /** What else is to be ended with it. */
  readonly closing: Closing;
}

export interface JobRequest {
  readonly options: JobOptions;
  readonly host: Host;
  readonly observer: JobObserver;
  /** Told of each result, after `onResult`. */
  readonly listener?: Listener;
  /** A file for the report, if one is asked for. */
  readonly report?: string | undefined;
  /** Told what happens to the store while the job runs. */
  readonly note?: (text: string) => void;
}

export async function openJob(request: JobRequest): Promise<OpenJob> {
  const closing = new Closing();
  try {
    return await open(request, closing);
  } catch (error) {
    await closing.end().catch(() => {}); // the first failure is the one to tell
    throw error;
  }
}

async function open(request: JobRequest, closing: Closing): Promise<OpenJob> {
  const { options, host, observer, listener, report, note = () => {} } = request;
  const settings = settingsOf(options);
  // First: what Node resolves after it has looked at a pipe may be another copy of the library.
  const store = await openStoreOf(options, host);
  if (store) closing.add(() => store.close());
  const input = await openInputRows(options, settings.first, host);
  closing.add(() => input.source.close());
  const onResult = options.onResult && inTurn(options.onResult);
  const listeners = [onResult, listener].filter((each) => each !== undefined);
  const found = await FoundResults.find({ options, input, host, listeners, report });
  const quiet = options.output === "-";
  if (quiet) host.keepConsoleOffStdout();
  const desk = new LimiterDesk(options.limiters ?? {}, host.clock);
  closing.add(() => desk[Symbol.asyncDispose]());
  const ready = await openExecutor({ options, settings, desk, observer, quiet, host });
  const { executor } = ready;
  closing.add(() => ready.forget());
  closing.add(() => executor.close());
  const limited = {
    limits: options.limits ?? (options.perWorker === undefined ? ready.limits : undefined),
    perWorker: options.perWorker,
    margin: settings.margin,
    clock: host.clock,
  };
  const { name = "" } = options;
  const { storeTimeout } = settings;
  const gate = store
    ? await openSharedGate({ ...limited, store, name, storeTimeout, note })
    : openGate({ ...limited, slots: settings.workers });
  closing.add(() => gate[Symbol.asyncDispose]());
  const journal = await found.openJournal();
  const opened = { options, settings, gate, desk, executor, input, journal, closing };
  const resumed = journal?.resumed;
  try {
    if (journal && resumed?.finished) {
      await found.checkFinished(journal);
      for (let row = 0; row < resumed.rows; row += 1) observer.onSkipped();
      return { ...opened, source: noRows, sink: nowhere };
    }
    if (resumed) {
      await gate.restore(resumed.limiter as SavedGate | undefined, resumed.started);
      desk.restore((resumed.limiters ?? {}) as SavedLimiters);
    }
    const sink = await found.openSink(journal);
    const passed = (): void => observer.onSkipped();
    const source = journal ? journaledRows(input.source, journal, passed) : input.source;
    return { ...opened, source, sink };
  } catch (error) {
    await journal?.close(false);
    throw error;
  }
}

async function openStoreOf(
  { store, grace }: JobOptions,
  { cwd }: Host,
): Promise<OpenStore | undefined> {
  if (store === undefined) return undefined;
  return await openStore(store, { cwd, ...(grace === undefined ? {} : { grace }) });
}

const noRows: RowSource = {
  async *[Symbol.asyncIterator]() {},
  close: () => {},
};
