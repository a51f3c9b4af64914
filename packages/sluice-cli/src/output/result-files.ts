import { DoneRows } from "../journal/done-rows.ts";
import type { Flushed, ResultRecord, ResultSink } from "../runner/parts.ts";
import { failureLine, plainRecord } from "./plain-record.ts";
import type { ResultForm } from "./result-form.ts";
import type { TextTarget } from "./text-target.ts";

export interface ResultFilesOptions {
  readonly results: TextTarget;
  readonly form: ResultForm;
  /** Where rows that failed go besides. */
  readonly failures: TextTarget | undefined;
  /** What an earlier run has written, as a flush of it said. */
  readonly done: Flushed["done"];
}

/** Writes results as they come, and notes which rows have theirs. */
export class ResultFiles implements ResultSink {
  readonly #results: TextTarget;
  readonly #failures: TextTarget | undefined;
  readonly #form: ResultForm;
  readonly #done: DoneRows;
  /** Lines for the file of failures, until their results are written: both are there or none. */
  readonly #failureLines = new Map<number, string>();

  constructor({ results, form, failures, done }: ResultFilesOptions) {
    this.#results = results;
    this.#failures = failures;
    this.#form = form;
    this.#done = new DoneRows(done);
  }

  async write(record: ResultRecord): Promise<boolean> {
    const plain = plainRecord(record);
    const failed = "error" in plain;
    if (failed && this.#failures) {
      this.#failureLines.set(record.index, failureLine(record, plain.error));
    }
    const writes: Promise<void>[] = [];
    this.#form.form(record.index, plain, (index, text) => this.#put(index, text, writes));
    await Promise.all(writes);
    return failed;
  }

  skip(): void {}

  /** All that was handed over before the call, and nothing of what comes after it. */
  async flush(): Promise<Flushed> {
    const done = this.#done.runs();
    const { columns } = this.#form;
    const targets = this.#failures ? [this.#results, this.#failures] : [this.#results];
    const offsets = await Promise.all(targets.map((target) => target.flush()));
    return { offsets, done, ...(columns ? { columns } : {}) };
  }

  async close(): Promise<void> {
    const writes: Promise<void>[] = [];
    this.#form.rest((index, text) => this.#put(index, text, writes));
    // What waited until now comes after the last checkpoint, and is no less certain for that.
    if (writes.length > 0) writes.push(this.flush().then(() => {}));
    const ends = await Promise.allSettled([
      ...writes,
      this.#results.close(),
      ...(this.#failures ? [this.#failures.close()] : []),
    ]);
    for (const end of ends) if (end.status === "rejected") throw end.reason;
  }

  #put(index: number, text: string, writes: Promise<void>[]): void {
    writes.push(this.#results.write(text));
    const failure = this.#failureLines.get(index);
    if (failure !== undefined && this.#failures) {
      this.#failureLines.delete(index);
      writes.push(this.#failures.write(failure));
    }
    this.#done.add(index);
  }
}
