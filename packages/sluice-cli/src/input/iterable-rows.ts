/** The rows of an iterable, taken from it as they are asked for. */

import { setImmediate as breath } from "node:timers/promises";
import type { BadRow, Row, RowSource } from "../runner/parts.ts";

/** Rows without giving the process a breath: values that are there at once would starve its timers. */
const BREATH = 256;

type AnyIterator = AsyncIterator<unknown> | Iterator<unknown>;

/**
 * Takes a value only when a row is asked for, so the iterable may be endless; what it throws ends
 * the rows and is thrown on as it is.
 *
 * @param first - Only so many rows; the iterable is not asked for more.
 */
export function iterableRows(
  iterable: AsyncIterable<unknown> | Iterable<unknown>,
  first: number = Number.POSITIVE_INFINITY,
): RowSource {
  let closed = false;
  let iterator: AnyIterator | undefined;
  let endWait = (): void => {};
  const next = (): Promise<IteratorResult<unknown>> =>
    new Promise((resolve, reject) => {
      // A fresh promise a row: racing with one that lives as long as the job would keep them all.
      endWait = () => resolve({ done: true, value: undefined });
      valueOf(iterator as AnyIterator).then(resolve, reject);
    });
  const read = async function* (): AsyncGenerator<Row | BadRow> {
    if (closed) return;
    iterator =
      Symbol.asyncIterator in iterable
        ? iterable[Symbol.asyncIterator]()
        : iterable[Symbol.iterator]();
    for (let index = 0; index < first; index += 1) {
      const { done, value } = await next();
      if (done || closed) return;
      if (index % BREATH === BREATH - 1) await breath();
      yield { index, line: index + 1, value };
    }
    await iterator.return?.();
  };
  return {
    [Symbol.asyncIterator]: read,
    close: () => {
      if (closed) return;
      closed = true;
      endWait();
      endQuietly(iterator);
    },
  };
}

/** Promises in a synchronous iterable are waited for, as `for await` does. */
async function valueOf(iterator: AnyIterator): Promise<IteratorResult<unknown>> {
  const next: unknown = await iterator.next();
  // As `for of` has it; else a `next` that returns nothing would be rows without end.
  if (typeof next !== "object" || next === null) {
    throw new TypeError(`Iterator result ${String(next)} is not an object`);
  }
  const { done, value } = next as IteratorResult<unknown>;
  return done ? { done, value } : { done: false, value: await value };
}

/** Lets a generator clean up. Nobody waits for it: it may be in the middle of what never ends. */
function endQuietly(iterator: AnyIterator | undefined): void {
  try {
    Promise.resolve(iterator?.return?.()).catch(() => {});
  } catch {
    // It throws while it is told to end; its rows are no longer wanted.
  }
}
