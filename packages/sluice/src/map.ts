/** Mapping a stream of inputs through a limiter: lazy, with bounded read-ahead. */

import { InvalidOptionError, WaitCancelledError } from "./errors.ts";
import { type CallOptions, optionsOf, type Runner, runThrough } from "./run.ts";
import { show } from "./time.ts";

export interface MapInput<T> extends Omit<CallOptions<[input: T]>, "settle" | "timeout"> {
  readonly concurrency?: number;
  readonly ordered?: boolean;
}

interface Done<R> {
  readonly index: number;
  readonly value?: R;
  readonly failed?: { readonly error: unknown };
}

/** Checks at the call what would else fail at the first result. */
export function mapThrough<T, R>(
  runner: Runner,
  inputs: Iterable<T> | AsyncIterable<T>,
  fn: (input: T, index: number) => R,
  options: MapInput<T> = {},
): AsyncGenerator<Awaited<R>, void, undefined> {
  const lanes = options.concurrency ?? 16;
  if (!(Number.isInteger(lanes) && lanes >= 1)) {
    throw new InvalidOptionError(
      `concurrency of map() must be a whole number from 1; got ${show(lanes)}.`,
    );
  }
  if (!isIterable(inputs)) {
    throw new InvalidOptionError(
      `map() takes an iterable or an async iterable; got ${show(inputs)}.`,
    );
  }
  if (typeof fn !== "function") {
    throw new InvalidOptionError(`map() takes a function of one input; got ${show(fn)}.`);
  }
  return results(runner, inputs, fn, options, lanes);
}

/**
 * Results as they complete, or in order. A failure ends the reading, aborts those who wait, lets
 * those that run end, closes the input, and is thrown. Breaking out does the same.
 */
async function* results<T, R>(
  runner: Runner,
  inputs: Iterable<T> | AsyncIterable<T>,
  fn: (input: T, index: number) => R,
  options: MapInput<T>,
  lanes: number,
): AsyncGenerator<Awaited<R>, void, undefined> {
  const source = iterate(inputs);
  const stop = new AbortController();
  const done = new Map<number, Done<Awaited<R>>>();
  let wake = (): void => {};
  const onAbort = (): void => {
    stop.abort(options.signal?.reason);
    wake();
  };
  options.signal?.addEventListener("abort", onAbort, { once: true });
  if (options.signal?.aborted) onAbort();

  let reading = false;
  let broken: { readonly error: unknown } | undefined;
  let exhausted = false;
  let failed = false;
  let index = 0;
  let next = 0;
  const calls = new Set<Promise<void>>();
  const start = (input: T): void => {
    const result = call(runner, input, index++, fn, options, stop.signal).then((outcome) => {
      calls.delete(result);
      done.set(outcome.index, outcome);
      wake();
    });
    calls.add(result);
  };
  const read = async (): Promise<void> => {
    reading = true;
    try {
      const step = await source.next();
      if (step.done) exhausted = true;
      else start(step.value);
    } catch (error) {
      exhausted = true;
      broken = { error };
    }
    reading = false;
    wake();
    fill();
  };
  const fill = (): void => {
    if (exhausted || reading || stop.signal.aborted) return;
    if (calls.size + done.size < lanes) void read();
  };

  try {
    for (;;) {
      stop.signal.throwIfAborted();
      if (broken) throw broken.error;
      const result = options.ordered ? done.get(next) : done.values().next().value;
      if (result) {
        done.delete(result.index);
        next++;
        if (result.failed) throw result.failed.error;
        yield result.value as Awaited<R>;
        continue;
      }
      if (exhausted && calls.size + done.size === 0) return;
      const changed = new Promise<void>((resolve) => (wake = resolve));
      fill();
      await changed;
    }
  } catch (error) {
    failed = true;
    throw error;
  } finally {
    const cancelled = stop.signal.aborted;
    stop.abort(new WaitCancelledError("map() has ended."));
    options.signal?.removeEventListener("abort", onAbort);
    const closing = exhausted ? undefined : close(source);
    const closed = failed ? closing?.catch(() => {}) : closing;
    try {
      // A pending read ends first; a failure or an abort does not wait for it.
      if (!(reading && failed)) await closed;
    } finally {
      if (!cancelled) await Promise.all(calls);
    }
  }
}

async function call<T, R>(
  runner: Runner,
  input: T,
  index: number,
  fn: (input: T, index: number) => R,
  options: MapInput<T>,
  signal: AbortSignal,
): Promise<Done<Awaited<R>>> {
  try {
    const own = optionsOf(options, input);
    const value = await runThrough(runner, () => fn(input, index), { ...own, signal });
    return { index, value };
  } catch (error) {
    return { index, failed: { error } };
  }
}

async function close<T>(source: AsyncIterator<T> | Iterator<T>): Promise<void> {
  await source.return?.();
}

function isIterable(inputs: unknown): boolean {
  if (inputs == null) return false;
  const found = Object(inputs) as Partial<AsyncIterable<unknown> & Iterable<unknown>>;
  return Symbol.asyncIterator in found || Symbol.iterator in found;
}

function iterate<T>(inputs: Iterable<T> | AsyncIterable<T>): AsyncIterator<T> | Iterator<T> {
  if (Symbol.asyncIterator in Object(inputs)) {
    return (inputs as AsyncIterable<T>)[Symbol.asyncIterator]();
  }
  return (inputs as Iterable<T>)[Symbol.iterator]();
}
