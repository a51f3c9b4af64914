/** Mapping a stream of inputs through a limiter: lazy, with bounded read-ahead. */

import type { AnyCost } from "./costs.ts";
import { InvalidOptionError } from "./errors.ts";
import { type RawRunOptions, type Runner, runThrough } from "./run.ts";
import { show } from "./time.ts";

export interface MapInput<T> extends Omit<RawRunOptions, "key" | "cost" | "settle" | "timeout"> {
  readonly key?: string | ((input: T) => string);
  readonly cost?: AnyCost | ((input: T) => AnyCost);
  readonly concurrency?: number;
  readonly ordered?: boolean;
}

interface Done<R> {
  readonly index: number;
  readonly value?: R;
  readonly failed?: { readonly error: unknown };
}

/**
 * Results as they complete, or in order. A failure ends the reading, aborts those who wait, lets
 * those that run end, closes the input, and is thrown. Breaking out does the same.
 */
export async function* mapThrough<T, R>(
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
  const source = iterate(inputs);
  const stop = new AbortController();
  const onAbort = (): void => stop.abort(options.signal?.reason);
  options.signal?.addEventListener("abort", onAbort, { once: true });
  if (options.signal?.aborted) onAbort();

  const running = new Map<number, Promise<Done<Awaited<R>>>>();
  let index = 0;
  let next = 0;
  let exhausted = false;
  try {
    for (;;) {
      while (!exhausted && running.size < lanes) {
        stop.signal.throwIfAborted();
        const step = await source.next();
        if (step.done) exhausted = true;
        else {
          running.set(index, call(runner, step.value, index, fn, options, stop.signal));
          index++;
        }
      }
      if (running.size === 0) return;
      const done = await (options.ordered ? running.get(next)! : Promise.race(running.values()));
      running.delete(done.index);
      next++;
      if (done.failed) throw done.failed.error;
      yield done.value as Awaited<R>;
    }
  } finally {
    stop.abort();
    options.signal?.removeEventListener("abort", onAbort);
    if (!exhausted) await source.return?.();
    await Promise.all(running.values());
  }
}

async function call<T, R>(
  runner: Runner,
  input: T,
  index: number,
  fn: (input: T, index: number) => R,
  { key, cost, ordered: _, concurrency: __, ...rest }: MapInput<T>,
  signal: AbortSignal,
): Promise<Done<Awaited<R>>> {
  try {
    const value = await runThrough(runner, () => fn(input, index), {
      ...rest,
      signal,
      ...(key === undefined ? {} : { key: typeof key === "function" ? key(input) : key }),
      ...(cost === undefined ? {} : { cost: typeof cost === "function" ? cost(input) : cost }),
    });
    return { index, value };
  } catch (error) {
    return { index, failed: { error } };
  }
}

function iterate<T>(inputs: Iterable<T> | AsyncIterable<T>): AsyncIterator<T> | Iterator<T> {
  if (inputs != null && typeof inputs === "object" && Symbol.asyncIterator in inputs) {
    return inputs[Symbol.asyncIterator]();
  }
  if (inputs != null && Symbol.iterator in Object(inputs)) {
    return (inputs as Iterable<T>)[Symbol.iterator]();
  }
  throw new InvalidOptionError(
    `map() takes an iterable or an async iterable; got ${show(inputs)}.`,
  );
}
