import type { Clock } from "sluice";
import { LimiterClient } from "../workers/limiter-client.ts";
import type { DeskSession, LimiterDesk } from "../workers/limiter-desk.ts";
import { RowRunner } from "../workers/row-runner.ts";
import { setUp } from "../workers/serve.ts";
import { CliError } from "../cli-error.ts";
import type { JobModule } from "./job-function.ts";
import type { Executor, Outcome, Row } from "./parts.ts";
import { describeError } from "./result-record.ts";

export interface InProcessOptions {
  readonly module: JobModule;
  /** The module as it is called in messages. */
  readonly path: string;
  readonly data: unknown;
  readonly timeout: number | undefined;
  readonly desk: LimiterDesk;
  readonly clock: Clock;
}

/** Runs rows in this process: one slot, which is always ready. */
export class InProcessExecutor implements Executor {
  readonly #options: InProcessOptions;
  readonly #runner: RowRunner;
  readonly #session: DeskSession;
  readonly slots = 1;
  #closed = false;

  constructor(options: InProcessOptions) {
    this.#options = options;
    const client = new LimiterClient({
      names: options.desk.names,
      ask: (ask, verb) => this.#session.ask(ask, verb),
      forget: (ask) => this.#session.forget(ask),
    });
    this.#session = options.desk.open({
      answer: (ask, value) => client.answer(ask, value),
      refuse: (ask, error) => client.refuse(ask, error),
    });
    this.#runner = new RowRunner({
      ...options,
      worker: 0,
      limiter: (name, signal) => client.limiter(name, signal),
    });
  }

  /** @throws `SETUP_FAILED`. */
  async open(): Promise<void> {
    const { module, data, path } = this.#options;
    await setUp(module, { worker: 0, data }, path);
  }

  isReady(): boolean {
    return true;
  }

  async ready(): Promise<void> {}

  run({ index, value }: Row, _slot: number, attempt: number): Promise<Outcome> {
    return this.#runner.run({ index, attempt, value });
  }

  abort(reason: unknown): void {
    this.#runner.abort(reason);
  }

  exhausted(): void {}

  /** Ends the calls that can never settle, because nothing is left in the process to settle them. */
  abandon(): void {
    this.#runner.abandon();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#session.end();
    const { module, data, path } = this.#options;
    try {
      await module.teardown?.({ worker: 0, data });
    } catch (error) {
      throw new CliError(
        "TEARDOWN_FAILED",
        `the teardown of the job module "${path}" failed (${describeError(error).message}); all rows were done before it.`,
        { cause: error },
      );
    }
  }
}
