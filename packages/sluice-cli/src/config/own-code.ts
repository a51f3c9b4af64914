/** The code that a configuration brings with it: what it throws is told as its own. */

import { CliError } from "../cli-error.ts";
import { countOf } from "../input/count-rows.ts";
import type { JobOptions } from "../runner/job-options.ts";

/** The same options, with input and `onResult` that throw `CONFIG_THREW` in the place of anything. */
export function withNamedFailures<Options extends JobOptions>(options: Options): Options {
  const { input, onResult } = options;
  return {
    ...options,
    // What has its rows already throws nothing, and can be counted.
    ...(isLazy(input) ? { input: rowsOf(input) } : {}),
    ...(onResult
      ? { onResult: (result) => told("onResult", async () => await onResult(result)) }
      : {}),
  };
}

type Rows = Iterable<unknown> | AsyncIterable<unknown>;

function isLazy(input: JobOptions["input"]): input is Rows {
  if (typeof input !== "object" || input === null) return false;
  const iterable = Symbol.iterator in input || Symbol.asyncIterator in input;
  return iterable && countOf(input) === undefined;
}

function rowsOf(rows: Rows): AsyncIterable<unknown> {
  return {
    [Symbol.asyncIterator]: () => {
      const iterator =
        Symbol.asyncIterator in rows ? rows[Symbol.asyncIterator]() : rows[Symbol.iterator]();
      return {
        next: () => told("the input", async () => await iterator.next()),
        return: async () => (await iterator.return?.()) ?? { done: true, value: undefined },
      };
    },
  };
}

async function told<Value>(what: string, act: () => Promise<Value>): Promise<Value> {
  try {
    return await act();
  } catch (error) {
    const said = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    throw new CliError(
      "CONFIG_THREW",
      `${what} of the configuration threw (${said}); the rows before that are done: mend it, and go on with --resume where there is an output file.`,
      { cause: error },
    );
  }
}
