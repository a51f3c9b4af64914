import { CliError, type CliErrorCode } from "../cli-error.ts";
import type { JobLimits } from "../runner/job-options.ts";
import type { Outcome, Row } from "../runner/parts.ts";
import type { DeskSession, LimiterDesk } from "./limiter-desk.ts";
import type { Link, LinkEvents } from "./link.ts";
import type { Order, Report, WorkerStart } from "./messages.ts";
import { Outbox } from "./outbox.ts";
import { fromSent } from "./sent-error.ts";

export interface WorkerEvents {
  onReady(limits: JobLimits | undefined): void;
  /** Its module does not load or set up, or its teardown failed: no other would do better. */
  onFailed(error: CliError): void;
  /** A row has come back. */
  onOutcome(): void;
  /** It is gone. @param rows - How many rows were in it. */
  onExit(why: string, rows: number): void;
}

interface InFlight {
  readonly sentAt: number;
  resolve(outcome: Outcome): void;
}

export interface PooledWorkerOptions {
  readonly link: (events: LinkEvents) => Link;
  readonly start: WorkerStart;
  readonly desk: LimiterDesk;
  readonly events: WorkerEvents;
  /** Milliseconds, rising. */
  readonly now: () => number;
}

/** One worker from its start to its end, as the job sees it. */
export class PooledWorker {
  readonly #options: PooledWorkerOptions;
  readonly #link: Link;
  readonly #outbox: Outbox<Order>;
  readonly #session: DeskSession;
  readonly #inFlight = new Map<number, InFlight>();
  #calls = 0;
  #heardAt: number;
  #killedFor: string | undefined;

  constructor(options: PooledWorkerOptions) {
    this.#options = options;
    this.#heardAt = options.now();
    this.#link = options.link({
      onReports: (reports) => this.#hear(reports),
      onExit: (why) => this.#exit(this.#killedFor ?? why),
    });
    this.#outbox = new Outbox<Order>({
      send: (orders) => this.#link.post(orders),
      instead: (order, error) => this.#cannotSend(order, error),
      // After all that this turn has to say, and before the next one: a row leaves at its instant.
      schedule: (flush) => process.nextTick(flush),
    });
    this.#session = options.desk.open({
      answer: (ask, value) => this.tell({ is: "answer", ask, value }),
      refuse: (ask, error) => this.tell({ is: "refused", ask, error }),
    });
    this.tell({ is: "start", start: options.start });
  }

  run({ index, value }: Row, attempt: number): Promise<Outcome> {
    return new Promise((resolve) => {
      const call = this.#calls;
      this.#calls += 1;
      this.#inFlight.set(call, { sentAt: this.#options.now(), resolve });
      this.tell({ is: "row", call, index, attempt, value });
    });
  }

  tell(order: Order): void {
    this.#outbox.put(order);
  }

  /** @param why - What its rows are told. */
  kill(why?: string): void {
    this.#killedFor ??= why;
    this.#link.kill();
  }

  /** Milliseconds since it gave a sign of life while it had a row; 0 when it has none. */
  silence(now: number): number {
    const [oldest] = this.#inFlight.values();
    return oldest ? now - Math.max(oldest.sentAt, this.#heardAt) : 0;
  }

  #hear(reports: readonly Report[]): void {
    this.#heardAt = this.#options.now();
    for (const report of reports) this.#take(report);
  }

  #take(report: Report): void {
    const { events } = this.#options;
    switch (report.is) {
      case "value":
        return this.#end(report.call, { value: report.value });
      case "error": {
        const { retryAfter } = report;
        const error = fromSent(report.error);
        return this.#end(report.call, retryAfter === undefined ? { error } : { error, retryAfter });
      }
      case "ask":
        return this.#session.ask(report.ask, report.verb);
      case "forget":
        return this.#session.forget(report.ask);
      case "ready":
        return events.onReady(report.limits);
      case "failed":
        return events.onFailed(new CliError(report.code as CliErrorCode, report.message));
      case "ended":
        return this.#link.dismiss();
    }
  }

  #end(call: number, outcome: Outcome): void {
    const row = this.#inFlight.get(call);
    if (!row) return;
    this.#inFlight.delete(call);
    row.resolve(outcome);
    this.#options.events.onOutcome();
  }

  #exit(why: string): void {
    const rows = [...this.#inFlight.values()];
    this.#inFlight.clear();
    this.#session.end();
    this.#options.events.onExit(why, rows.length);
    const lost = new CliError("WORKER_LOST", `worker ${this.#options.start.worker} ended: ${why}`);
    for (const { resolve } of rows) resolve({ lost, culprit: rows.length === 1 });
  }

  #cannotSend(order: Order, error: unknown): Order | undefined {
    if (order.is === "row") {
      const { message } = error as Error;
      this.#end(order.call, {
        error: new CliError(
          "ROW_UNSERIALISABLE",
          `the row cannot be sent to a worker (${message}); make rows plain data, or run with isolation "none".`,
        ),
      });
    }
    return undefined;
  }
}
