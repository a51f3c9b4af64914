/** Running functions under a limiter: release whatever happens, pause when the outcome says so. */

import type { AnyCost } from "./costs.ts";
import { InvalidOptionError } from "./errors.ts";
import type { RawOptions } from "./options.ts";
import type { Permit } from "./permit.ts";
import { type Duration, show, toMicros } from "./time.ts";

/** What is needed of the limiter. */
export interface Runner {
  acquire(options: RawOptions): Promise<Permit>;
  pause(duration: Duration, options: { readonly key?: string }): void | Promise<void>;
}

type PauseOn = (outcome: unknown) => Duration | undefined;

export interface RawRunOptions extends RawOptions {
  readonly pauseOn?: PauseOn;
  readonly settle?: (result: never) => AnyCost | undefined;
}

/** Acquires, calls, pauses, settles, releases. What `fn` came to is what the caller gets. */
export async function runThrough<R>(
  runner: Runner,
  fn: (permit: Permit) => R,
  options: RawRunOptions = {},
): Promise<Awaited<R>> {
  if (typeof fn !== "function") {
    throw new InvalidOptionError(`run() takes a function that starts the work; got ${show(fn)}.`);
  }
  const permit = await runner.acquire(options);
  // Released once: the function may have done it itself.
  try {
    const result = await workOf(runner, fn, permit, options);
    // The gate is closed first: whom a settlement makes room for must obey it.
    await pause(runner, result, options);
    const actual = options.settle?.(result as never);
    if (actual !== undefined) permit.settle(actual);
    return result;
  } finally {
    await permit[Symbol.asyncDispose]();
  }
}

/** Apart, so that `pauseOn` sees each outcome once, and of errors only those of the work. */
async function workOf<R>(
  runner: Runner,
  fn: (permit: Permit) => R,
  permit: Permit,
  options: RawRunOptions,
): Promise<Awaited<R>> {
  try {
    return await fn(permit);
  } catch (error) {
    await pause(runner, error, options);
    throw error;
  }
}

async function pause(
  runner: Runner,
  outcome: unknown,
  { pauseOn, key }: RawRunOptions,
): Promise<void> {
  const duration = pauseOn?.(outcome);
  if (duration === undefined) return;
  checkPause(duration, outcome);
  try {
    await runner.pause(duration, key === undefined ? {} : { key });
  } catch {
    // The limiter was closed, or its store fails: whoever asks next is told. The outcome stands.
  }
}

/** A mistake in `pauseOn` is not hidden, and neither is what it was asked about. */
function checkPause(duration: Duration, outcome: unknown): void {
  try {
    toMicros(duration, "what pauseOn returns", 0);
  } catch (error) {
    throw new InvalidOptionError((error as Error).message, { cause: outcome });
  }
}

type Fn = (this: unknown, ...args: never[]) => unknown;

/** Options of many calls, whose key and cost may depend on what each is called with. */
export interface CallOptions<A extends unknown[]> extends Omit<RawRunOptions, "key" | "cost"> {
  readonly key?: string | ((...args: A) => string);
  readonly cost?: AnyCost | ((...args: A) => AnyCost);
}

/** The options of one of the calls. */
export function optionsOf<A extends unknown[]>(
  { key, cost, ...rest }: CallOptions<A>,
  ...args: A
): RawRunOptions {
  return {
    ...rest,
    ...(key === undefined ? {} : { key: typeof key === "function" ? key(...args) : key }),
    ...(cost === undefined ? {} : { cost: typeof cost === "function" ? cost(...args) : cost }),
  };
}

/** The options of `wrap`, whatever the function. */
export type WrapInput = CallOptions<never[]>;

/**
 * A function that goes through the limiter. With a decorator's context as the second argument it is
 * the decorator itself; with options alone it returns one.
 */
export function wrapThrough(runner: Runner, first: Fn | WrapInput, second?: unknown): unknown {
  if (typeof first === "function") {
    return wrapped(runner, first, isContext(second) ? {} : ((second ?? {}) as WrapInput));
  }
  if (typeof first !== "object" || first === null) {
    throw new InvalidOptionError(`wrap() takes a function; got ${show(first)}.`);
  }
  return (method: Fn) => wrapped(runner, method, first);
}

function isContext(value: unknown): boolean {
  return (
    typeof value === "object" && value !== null && "kind" in value && "addInitializer" in value
  );
}

function wrapped(runner: Runner, fn: Fn, options: WrapInput): Fn {
  return function (this: unknown, ...args: never[]): unknown {
    try {
      return runThrough(runner, () => fn.apply(this, args), optionsOf(options, ...args));
    } catch (error) {
      return Promise.reject(error);
    }
  };
}
