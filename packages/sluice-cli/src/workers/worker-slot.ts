import { CliError } from "../cli-error.ts";
import type { JobLimits } from "../runner/job-options.ts";
import type { Outcome, Row, WorkerState } from "../runner/parts.ts";
import type { PoolOptions } from "./pool-executor.ts";
import { PooledWorker } from "./pooled-worker.ts";

export interface SlotOptions extends Omit<PoolOptions, "slots"> {
  readonly slot: number;
  /** The job cannot go on. */
  fail(error: CliError): void;
}

/** How many workers in a row may end without having had a row, before the job is given up. */
const MOST_IDLE_ENDS = 3;
/** Milliseconds before the second replacement in a row, and all after it. */
const PAUSE = 100;

/** The place of one worker after another: started when it is needed, replaced when it is lost. */
export class WorkerSlot {
  readonly #options: SlotOptions;
  #worker: PooledWorker | undefined;
  #isReady = false;
  #ready: PromiseWithResolvers | undefined;
  #failure: CliError | undefined;
  #closing = false;
  #gone: () => void = () => {};
  #cancelStart: () => void = () => {};
  /** Whether a worker was lost since a row came back. */
  #lost = false;
  #idleEnds = 0;
  limits: JobLimits | undefined;

  constructor(options: SlotOptions) {
    this.#options = options;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  ready(): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (!this.#ready) {
      this.#ready = withResolvers();
      this.#start();
    }
    return this.#ready.promise;
  }

  run(row: Row, attempt: number): Promise<Outcome> {
    return this.#worker!.run(row, attempt);
  }

  abort(): void {
    this.#worker?.tell({ is: "abort" });
    this.giveUp(new CliError("JOB_STOPPED", "the job was ended at once."));
  }

  exhausted(): void {
    this.#worker?.tell({ is: "exhausted" });
  }

  /** There will be no other worker. */
  giveUp(failure: CliError): void {
    this.#failure ??= failure;
    this.#cancelStart();
    this.#ready?.reject(this.#failure);
  }

  killIfSilent(now: number, limit: number): void {
    if (this.#worker && this.#worker.silence(now) > limit) {
      this.#worker.kill(`it was killed, for it gave no sign of life for ${Math.round(limit)} ms`);
    }
  }

  async close(grace: number): Promise<void> {
    this.#closing = true;
    this.giveUp(new CliError("JOB_STOPPED", "the job has ended."));
    const worker = this.#worker;
    if (!worker) return;
    const gone = new Promise<void>((resolve) => {
      this.#gone = resolve;
    });
    let cancel = (): void => {};
    if (!this.#isReady) worker.kill();
    else {
      worker.tell({ is: "end" });
      cancel = this.#options.clock.setTimer(grace, () => worker.kill());
    }
    await gone;
    cancel();
  }

  #start(): void {
    const { link, start, desk, clock, slot, fail } = this.#options;
    this.#say("starting");
    const worker = new PooledWorker({
      link,
      start: { ...start, worker: slot },
      desk,
      now: () => clock.now() / 1e3,
      events: {
        onReady: (limits) => {
          this.limits = limits;
          this.#isReady = true;
          this.#ready?.resolve();
          this.#say("ready");
        },
        onFailed: (error) => {
          fail(error);
          worker.kill();
        },
        onOutcome: () => {
          this.#lost = false;
          this.#idleEnds = 0;
        },
        onExit: (why, rows) => this.#exited(why, rows),
      },
    });
    this.#worker = worker;
  }

  #exited(why: string, rows: number): void {
    this.#worker = undefined;
    if (this.#isReady) this.#ready = withResolvers();
    this.#isReady = false;
    this.#say(this.#closing ? "ended" : "crashed");
    this.#gone();
    if (this.#closing || this.#failure) return;
    this.#idleEnds = rows === 0 ? this.#idleEnds + 1 : 0;
    if (this.#idleEnds >= MOST_IDLE_ENDS) {
      this.#options.fail(
        new CliError(
          "WORKERS_FAIL",
          `workers end before they take a row, ${this.#idleEnds} times now (${why}); see what the module does when it is loaded and set up.`,
        ),
      );
      return;
    }
    // It does not grow: rows that end their workers are counted, and so are workers without a row.
    const pause = this.#lost ? PAUSE : 0;
    this.#lost = true;
    this.#cancelStart = this.#options.clock.setTimer(pause, () => this.#start());
  }

  #say(state: WorkerState): void {
    this.#options.observer.onWorker(this.#options.slot, state);
  }
}

interface PromiseWithResolvers {
  readonly promise: Promise<void>;
  resolve(): void;
  reject(error: Error): void;
}

function withResolvers(): PromiseWithResolvers {
  let resolve: () => void;
  let reject: (error: Error) => void;
  const promise = new Promise<void>((done, failed) => {
    resolve = done;
    reject = failed;
  });
  promise.catch(() => {}); // whoever waits for it is told; perhaps nobody does
  return { promise, resolve: resolve!, reject: reject! };
}
