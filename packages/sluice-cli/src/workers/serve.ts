/** What runs in a worker, whichever way it talks to its job. */

import { systemClock } from "sluice";
import { CliError } from "../cli-error.ts";
import type { JobModule, WorkerContext } from "../runner/job-function.ts";
import { loadModule } from "../runner/load-module.ts";
import { describeError } from "../runner/result-record.ts";
import { LimiterClient } from "./limiter-client.ts";
import type { Order, Report, WorkerStart } from "./messages.ts";
import { Outbox } from "./outbox.ts";
import { type RowOutcome, RowRunner } from "./row-runner.ts";
import { toSent } from "./sent-error.ts";

export interface Port {
  send(reports: readonly Report[]): void;
  /** Whether waiting for orders keeps the worker alive. */
  hold(alive: boolean): void;
}

type RowOrder = Extract<Order, { is: "row" }>;

/** Milliseconds after which calls that do not give way let others have a turn. */
const SLICE = 5;

export class WorkerService {
  readonly #port: Port;
  readonly #outbox: Outbox<Report>;
  readonly #client: LimiterClient;
  readonly #start: WorkerStart;
  readonly #rows: RowOrder[] = [];
  #module: JobModule | undefined;
  #runner: RowRunner | undefined;
  #draining = false;
  #exhausted = false;

  constructor(port: Port, start: WorkerStart) {
    this.#port = port;
    this.#start = start;
    this.#outbox = new Outbox<Report>({
      send: (reports) => port.send(reports),
      instead: unserialisable,
      schedule: (flush) => setImmediate(flush),
    });
    this.#client = new LimiterClient({
      names: start.limiters,
      ask: (ask, verb) => this.#say({ is: "ask", ask, verb }),
      forget: (ask) => this.#say({ is: "forget", ask }),
    });
    process.on("beforeExit", () => this.#nothingLeft());
  }

  /** Loads the module and sets it up. */
  async open(): Promise<void> {
    const { module: path, cwd, worker, timeout } = this.#start;
    this.#port.hold(false); // so that a load that waits for nothing is noticed
    try {
      const module = await loadModule(path, cwd);
      await setUp(module, this.#context, path);
      this.#module = module;
      this.#runner = new RowRunner({
        module,
        worker,
        timeout,
        clock: systemClock,
        limiter: (name, signal) => this.#client.limiter(name, signal),
      });
      this.#port.hold(true);
      this.#say({ is: "ready", limits: module.limits });
    } catch (error) {
      this.#port.hold(true);
      this.#say({ is: "failed", ...failureOf(error) });
    }
  }

  take(order: Order): void {
    switch (order.is) {
      case "row":
        this.#rows.push(order);
        if (!this.#draining) this.#drain();
        return;
      case "answer":
        this.#client.answer(order.ask, order.value);
        return this.#hold();
      case "refused":
        this.#client.refuse(order.ask, order.error);
        return this.#hold();
      case "abort":
        this.#runner?.abort(new CliError("JOB_STOPPED", "the job was ended at once."));
        return;
      case "exhausted":
        this.#exhausted = true;
        return this.#hold();
      case "end":
        void this.#end();
        return;
      case "start": // it has been started
    }
  }

  get #context(): WorkerContext {
    const { worker, data } = this.#start;
    return { worker, data };
  }

  /** Starts what was sent, with a breath for what else is to be done after each slice. */
  #drain(): void {
    const runner = this.#runner;
    if (!runner) return;
    const until = performance.now() + SLICE;
    for (let order = this.#rows.shift(); order; order = this.#rows.shift()) {
      const { call } = order;
      void runner.run(order).then((outcome) => this.#report(call, outcome));
      if (performance.now() > until && this.#rows.length > 0) {
        this.#draining = true;
        setImmediate(() => {
          this.#draining = false;
          this.#drain();
        });
        break;
      }
    }
    this.#hold();
  }

  #report(call: number, outcome: RowOutcome): void {
    if ("value" in outcome) this.#outbox.put({ is: "value", call, value: outcome.value });
    else this.#outbox.put({ is: "error", call, ...outcome, error: toSent(outcome.error) });
    this.#hold();
  }

  #say(report: Report): void {
    this.#outbox.put(report);
    this.#hold();
  }

  /** With every call taken and no answer to come, orders are no hope: a dead end shows itself. */
  #hold(): void {
    const { running } = this.#runner ?? { running: 0 };
    const full = running >= this.#start.concurrency || this.#exhausted;
    if (this.#runner) this.#port.hold(running === 0 || this.#client.waiting > 0 || !full);
  }

  #nothingLeft(): void {
    this.#port.hold(true);
    if (this.#runner) {
      this.#runner.abandon();
      return;
    }
    const message = `the job module "${this.#start.module}" never finishes loading: nothing is left that it could wait for; look for an "await" at its top level or in its setup.`;
    this.#say({ is: "failed", code: "MODULE_FAILED", message });
  }

  async #end(): Promise<void> {
    try {
      await this.#module?.teardown?.(this.#context);
      this.#say({ is: "ended" });
    } catch (error) {
      const { message } = describeError(error);
      this.#say({
        is: "failed",
        code: "TEARDOWN_FAILED",
        message: `the teardown of the job module "${this.#start.module}" failed (${message}); all rows were done before it.`,
      });
    }
    this.#outbox.flush();
  }
}

/** Its sentence as it is: what caused it is in it. */
function failureOf(error: unknown): { code: string; message: string } {
  if (error instanceof CliError) return { code: error.code, message: error.message };
  return { code: "MODULE_FAILED", message: describeError(error).message };
}

/** @throws `SETUP_FAILED`. */
export async function setUp(
  module: JobModule,
  context: WorkerContext,
  path: string,
): Promise<void> {
  try {
    await module.setup?.(context);
  } catch (error) {
    const { message } = describeError(error);
    throw new CliError(
      "SETUP_FAILED",
      `the setup of the job module "${path}" failed (${message}); see that what it connects to is there.`,
      { cause: error },
    );
  }
}

function unserialisable(report: Report, error: unknown): Report | undefined {
  if (report.is !== "value") return undefined;
  const { message } = describeError(error);
  const failure = new CliError(
    "RESULT_UNSERIALISABLE",
    `the result cannot be sent from its worker (${message}); return plain data.`,
  );
  return { is: "error", call: report.call, error: toSent(failure) };
}
