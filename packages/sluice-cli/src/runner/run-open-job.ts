import type { Clock } from "sluice";
import { Checkpoints } from "./checkpoints.ts";
import { runLoop } from "./loop.ts";
import type { OpenJob } from "./open-job.ts";
import type { JobObserver } from "./parts.ts";
import type { StopControl } from "./stop-control.ts";

/** Milliseconds that outputs get to take what is left, after a job was ended at once. */
const GRACE_ABORTED = 2_000;

export interface RunContext {
  readonly stop: StopControl;
  readonly observer: JobObserver;
  readonly clock: Clock;
}

/**
 * Runs a job to its end, closes all that was opened for it, and returns what went wrong, first
 * things first.
 */
export async function runOpenJob(job: OpenJob, context: RunContext): Promise<unknown[]> {
  const { settings, gate, desk, executor, journal, sink, closing, source } = job;
  const { stop, observer, clock } = context;
  const failures: unknown[] = [];
  const note = (error: unknown): void => void failures.push(error);
  const fail = (error: unknown): void => {
    note(error);
    stop.stop();
  };
  const snapshot = () => ({ limiter: gate.snapshot(), limiters: desk.snapshot() });
  const finishedBefore = journal?.resumed?.finished ?? false;
  const checkpoints =
    journal && !finishedBefore
      ? new Checkpoints({ journal, sink, clock, snapshot, fail })
      : undefined;
  await runLoop({
    source,
    gate,
    executor,
    sink,
    observer,
    stop,
    clock,
    // A store knows of every start by itself.
    journal: gate.rated && gate.store === undefined ? journal : undefined,
    retry: { ...settings, random: Math.random },
    ...settings,
  }).catch(note);
  const finished = failures.length === 0 && !stop.stopping.aborted;
  await executor.close().catch(note);
  const close = async (): Promise<void> => {
    await checkpoints?.end().catch(note);
    await sink.close().catch(note);
  };
  await (stop.aborting.aborted ? Promise.race([close(), pause(clock, GRACE_ABORTED)]) : close());
  await journal?.close(!finishedBefore && finished && failures.length === 0).catch(note);
  await closing.end().catch(note);
  return failures;
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimer(ms, resolve, true);
  });
}
