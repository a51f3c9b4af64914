import { CliError } from "../cli-error.ts";
import { fromSent, toSent } from "../workers/sent-error.ts";
import type { JobResult } from "./job-options.ts";
import type { Flushed, ResultRecord, ResultSink } from "./parts.ts";

export type Listener = (result: JobResult) => void | Promise<void>;

/** Tells a listener of every record once it is written; of one that is left to a later run, that one will. */
export class ListenerSink implements ResultSink {
  readonly #sink: ResultSink;
  readonly #listener: Listener;

  constructor(sink: ResultSink, listener: Listener) {
    this.#sink = sink;
    this.#listener = listener;
  }

  async write(record: ResultRecord): Promise<boolean | undefined> {
    const failed = await this.#sink.write(record);
    if (failed === undefined) return undefined;
    await this.#listener(resultOf(record, failed));
    return failed;
  }

  skip(index: number, why: "done" | "left"): void {
    this.#sink.skip(index, why);
  }

  flush(): Promise<Flushed> {
    return this.#sink.flush();
  }

  close(): Promise<void> {
    return this.#sink.close();
  }
}

/** The listener, not called again before it is through with the result before. */
export function inTurn(listener: Listener): Listener {
  let last: Promise<void> | undefined;
  return (result) => {
    const told = last ? last.then(() => listener(result)) : listener(result);
    if (!told) return undefined;
    const through = told.then(() => {
      if (last === through) last = undefined;
    });
    last = through;
    return through;
  };
}

/** Keeps nothing: for results that only a listener takes. */
export const nowhere: ResultSink = {
  write: async (record) => "error" in record,
  skip: () => {},
  flush: async () => ({ offsets: [], done: [] }),
  close: async () => {},
};

function resultOf(record: ResultRecord, failed: boolean): JobResult {
  const { index } = record;
  if ("error" in record) {
    const { error } = record;
    return { index, error: error instanceof Error ? error : fromSent(toSent(error)) };
  }
  if (!failed) return { index, value: record.value };
  const error = new CliError(
    "RESULT_UNSERIALISABLE",
    "the result cannot be written to the output; return plain data.",
  );
  return { index, error };
}
