/** The verbs that are put together from `acquire` and `pause`, the same on every store. */

import { type MapInput, mapThrough } from "./map.ts";
import type { RawOptions } from "./options.ts";
import type { Permit } from "./permit.ts";
import { type RawRunOptions, type Runner, runThrough, type WrapInput, wrapThrough } from "./run.ts";

export abstract class DerivedVerbs implements Runner {
  constructor() {
    this.wrap = this.wrap.bind(this);
  }

  abstract acquire(options?: RawOptions): Promise<Permit>;
  abstract pause(...args: Parameters<Runner["pause"]>): ReturnType<Runner["pause"]>;

  run<R>(fn: (permit: Permit) => R, options?: RawRunOptions): Promise<Awaited<R>> {
    return runThrough(this, fn, options);
  }

  /** Bound, so that it can stand as a decorator. */
  wrap(fn: never, options?: WrapInput): unknown {
    return wrapThrough(this, fn, options);
  }

  map<T, R>(
    inputs: Iterable<T> | AsyncIterable<T>,
    fn: (input: T, index: number) => R,
    options?: MapInput<T>,
  ): AsyncGenerator<Awaited<R>, void, undefined> {
    return mapThrough(this, inputs, fn, options);
  }
}
