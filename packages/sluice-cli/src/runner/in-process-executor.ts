import { CliError } from "../cli-error.ts";
import type { JobFunction } from "./job-function.ts";
import type { Executor, Outcome, Row } from "./parts.ts";

interface Call {
  readonly controller: AbortController;
  readonly end: (outcome: Outcome) => void;
}

/** Runs rows in this process, each with a signal of its own. */
export class InProcessExecutor implements Executor {
  readonly #function: JobFunction;
  readonly #calls = new Set<Call>();

  constructor(jobFunction: JobFunction) {
    this.#function = jobFunction;
  }

  run({ index, value }: Row): Promise<Outcome> {
    return new Promise((resolve) => {
      const controller = new AbortController();
      const call: Call = {
        controller,
        end: (outcome) => {
          this.#calls.delete(call);
          resolve(outcome);
        },
      };
      this.#calls.add(call);
      this.#invoke(value, { index, signal: controller.signal }).then(
        (result) => call.end({ value: result }),
        (error: unknown) => call.end({ error }),
      );
    });
  }

  abort(reason: unknown): void {
    for (const { controller } of this.#calls) controller.abort(reason);
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
  async #invoke(value: unknown, context: Parameters<JobFunction>[1]): Promise<unknown> {
    return await this.#function(value, context);
  }
}
