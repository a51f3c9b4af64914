import type { Clock } from "sluice";
import { CliError } from "../cli-error.ts";
import type { JobLimiter, JobModule, RowContext } from "../runner/job-function.ts";
import { retryAfterOf } from "./retry-after.ts";

/** One call of the function. */
export interface RowCall {
  readonly index: number;
  readonly attempt: number;
  readonly value: unknown;
}

/** What came of it. */
export type RowOutcome =
  | { readonly value: unknown }
  | { readonly error: unknown; readonly retryAfter?: number };

export interface RowRunnerOptions {
  readonly module: JobModule;
  readonly worker: number;
  /** Milliseconds that an attempt may take, or undefined. */
  readonly timeout: number | undefined;
  readonly clock: Clock;
  /** A limiter of the job's own; waits end with the signal. */
  limiter(name: string, signal: AbortSignal): JobLimiter;
}

/** Calls the function of a module, wherever that is: each call with a context of its own. */
export class RowRunner {
  readonly #options: RowRunnerOptions;
  readonly #calls = new Set<Call>();

  constructor(options: RowRunnerOptions) {
    this.#options = options;
  }

  get running(): number {
    return this.#calls.size;
  }

  run(row: RowCall): Promise<RowOutcome> {
    return new Promise((resolve) => {
      const call = new Call(row, this.#options, (outcome) => {
        this.#calls.delete(call);
        resolve(outcome);
      });
      this.#calls.add(call);
      this.#invoke(row.value, call).then(
        (value) => call.end({ value }),
        (error: unknown) => call.fail(error),
      );
    });
  }

  /** Tells every running call to stop, through its signal. */
  abort(reason: unknown): void {
    for (const call of this.#calls) call.abort(reason);
  }

  /** Ends the calls that can never settle, because nothing is left in the process to settle them. */
  abandon(): void {
    const error = new CliError(
      "NEVER_SETTLES",
      "the function returned a promise that can never settle, for nothing is left that it could wait for; settle it on every path.",
    );
    for (const call of this.#calls) call.end({ error });
  }

  // A function that throws before its first await is no different from one that rejects.
  async #invoke(value: unknown, call: Call): Promise<unknown> {
    const { default: run, transform } = this.#options.module;
    const result = await run(value, call);
    return transform ? await transform(result, call) : result;
  }
}

/** A call that runs, and the context that its function sees. */
class Call implements RowContext {
  readonly index: number;
  readonly attempt: number;
  readonly worker: number;
  readonly #options: RowRunnerOptions;
  readonly #ended: (outcome: RowOutcome) => void;
  readonly #cancelTimer: (() => void) | undefined;
  /** Made when it is asked for: most functions never do, and it is the dearest part of a call. */
  #controller: AbortController | undefined;
  #aborted: { readonly reason: unknown } | undefined;

  constructor(row: RowCall, options: RowRunnerOptions, ended: (outcome: RowOutcome) => void) {
    this.index = row.index;
    this.attempt = row.attempt;
    this.worker = options.worker;
    this.#options = options;
    this.#ended = ended;
    const { timeout, clock } = options;
    if (timeout !== undefined) {
      this.#cancelTimer = clock.setTimer(timeout, () => this.#timeOut(timeout));
    }
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort(this.#aborted.reason);
    }
    return this.#controller.signal;
  }

  /** Made when it is asked for, as the signal is; functions take it apart from its context. */
  get limiter(): RowContext["limiter"] {
    return (name) => this.#options.limiter(name, this.signal);
  }

  abort(reason: unknown): void {
    this.#aborted ??= { reason };
    this.#controller?.abort(reason);
  }

  end(outcome: RowOutcome): void {
    this.#cancelTimer?.();
    this.#ended(outcome);
  }

  fail(error: unknown): void {
    const retryAfter = retryAfterOf(error, this.#options.clock.wall());
    this.end(retryAfter === undefined ? { error } : { error, retryAfter });
  }

  #timeOut(timeout: number): void {
    const error = new CliError(
      "TIMED_OUT",
      `the attempt took longer than the ${timeout} ms it may take; give it more time, or make it faster.`,
    );
    this.abort(error);
    this.end({ error });
  }
}
