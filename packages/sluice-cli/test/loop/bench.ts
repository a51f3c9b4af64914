/** A job of which every part is in the hands of the test. */

import { setImmediate as turn } from "node:timers/promises";
import { manualClock } from "sluice/testing";
import { type JobParts, runLoop } from "../../src/runner/loop.ts";
import type {
  BadRow,
  Executor,
  JobObserver,
  Outcome,
  ResultRecord,
  ResultSink,
  Row,
  RowSource,
} from "../../src/runner/parts.ts";
import { StopControl } from "../../src/runner/stop-control.ts";
import { CliError } from "../../src/cli-error.ts";

export class Memory implements ResultSink {
  readonly records: ResultRecord[] = [];
  readonly skipped: number[] = [];
  async write(record: ResultRecord): Promise<boolean> {
    this.records.push(record);
    return "error" in record;
  }
  skip(index: number): void {
    this.skipped.push(index);
  }
  async flush() {
    return { offsets: [], done: [] };
  }
  async close(): Promise<void> {}
  get indexes(): number[] {
    return this.records.map(({ index }) => index);
  }
  /** Values, or the codes or messages of errors, by row. */
  get results(): unknown[] {
    const results: unknown[] = [];
    for (const record of this.records) {
      if (record.index in results) throw new Error(`row ${record.index} is there twice`);
      results[record.index] =
        "error" in record ? short(record.error) : { value: record.value }.value;
    }
    return results;
  }
}

function short(error: unknown): unknown {
  if (error instanceof CliError) return error.code;
  return error instanceof Error ? error.message : error;
}

export class Count implements JobObserver {
  read = 0;
  started = 0;
  ended = 0;
  finished = 0;
  failed = 0;
  unreadable = 0;
  inputEnded = false;
  readonly retries: [index: number, attempt: number, delay: number][] = [];
  onRead = (): void => void (this.read += 1);
  onStarted = (): void => void (this.started += 1);
  onEnded = (): void => void (this.ended += 1);
  onRetry: JobObserver["onRetry"] = ({ index, attempt }, delay) => {
    this.retries.push([index, attempt, delay]);
  };
  onFinished = (failed: boolean): void => {
    this.finished += 1;
    if (failed) this.failed += 1;
  };
  onUnreadable = (): void => void (this.unreadable += 1);
  onSkipped = (): void => {};
  onInputEnd = (): void => void (this.inputEnded = true);
  onWorker = (): void => {};
}

export type Call = (row: Row, attempt: number, slot: number) => unknown;

/** Runs rows where the test can see it; `crash` ends the worker of a slot. */
export class Workers implements Executor {
  readonly slots: number;
  readonly #call: Call;
  readonly #running: Map<Row, (outcome: Outcome) => void>[];
  readonly #waiting: (() => void)[][];
  readonly #ready: boolean[];
  readonly starts: string[] = [];
  aborted: unknown;
  exhaustions = 0;

  constructor(call: Call, slots = 1) {
    this.#call = call;
    this.slots = slots;
    this.#running = Array.from({ length: slots }, () => new Map());
    this.#waiting = Array.from({ length: slots }, () => []);
    this.#ready = Array.from({ length: slots }, () => true);
  }

  running(slot = 0): number[] {
    return [...this.#running[slot]!.keys()].map(({ index }) => index);
  }

  isReady(slot: number): boolean {
    return this.#ready[slot]!;
  }

  ready(slot: number): Promise<void> {
    if (this.#ready[slot]) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting[slot]!.push(resolve);
    });
  }

  run(row: Row, slot: number, attempt: number): Promise<Outcome> {
    if (!this.#ready[slot]) throw new Error(`worker ${slot} is not there`);
    this.starts.push(`${row.index}.${attempt}`);
    return new Promise((resolve) => {
      const running = this.#running[slot]!;
      const end = (outcome: Outcome): void => {
        if (running.delete(row)) resolve(outcome);
      };
      running.set(row, end);
      void (async () => this.#call(row, attempt, slot))().then(
        (value) => end({ value }),
        (error: unknown) => {
          const { retryAfter } = error as { retryAfter?: number };
          end(retryAfter === undefined ? { error } : { error, retryAfter });
        },
      );
    });
  }

  crash(slot = 0): void {
    this.#ready[slot] = false;
    const ends = [...this.#running[slot]!.values()];
    const lost = new CliError("WORKER_LOST", `worker ${slot} ended: exit code 1`);
    for (const end of ends) end({ lost, culprit: ends.length === 1 });
  }

  restart(slot = 0): void {
    this.#ready[slot] = true;
    for (const resolve of this.#waiting[slot]!.splice(0)) resolve();
  }

  abort(reason: unknown): void {
    this.aborted = reason;
  }

  exhausted(): void {
    this.exhaustions += 1;
  }

  async close(): Promise<void> {}
}

export function sourceOf(rows: Iterable<Row | BadRow>): RowSource {
  let closed = false;
  return {
    async *[Symbol.asyncIterator]() {
      for (const row of rows) {
        if (closed) return;
        yield row;
      }
    },
    close: () => {
      closed = true;
    },
  };
}

export function* endless(): Generator<Row> {
  for (let index = 0; ; index += 1) yield { index, line: index + 1, value: index };
}

export function* first(count: number): Generator<Row> {
  for (const row of endless()) {
    if (row.index === count) return;
    yield row;
  }
}

export const open = {
  acquire: async () => ({ waited: 0, release: () => {} }),
  pause: (): void => {},
};

/** Ten rows in three lanes, unless the test says otherwise. */
export function job(call: Call, parts: Partial<JobParts> = {}, slots = 1) {
  const memory = new Memory();
  const count = new Count();
  const stop = new StopControl();
  const workers = new Workers(call, slots);
  const clock = manualClock();
  const whole: JobParts = {
    source: sourceOf(first(10)),
    gate: open,
    executor: workers,
    sink: memory,
    observer: count,
    stop,
    clock,
    journal: undefined,
    concurrency: 3,
    ahead: 100,
    retry: { retries: 0, backoff: 1_000, maxBackoff: 60_000, random: () => 0.5 },
    crashes: 3,
    onError: "continue",
    ...parts,
  };
  return { memory, count, stop, workers, clock, run: () => runLoop(whole) };
}

/** Lets everything happen that does not wait for a clock. */
export async function settle(): Promise<void> {
  for (let turns = 0; turns < 30; turns += 1) await turn();
}
