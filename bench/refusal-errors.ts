/**
 * How many errors 100,000 refusals make. The library is loaded when the counter is in place, for
 * its classes extend what they find.
 */

export interface ErrorsMade {
  readonly errors: number;
  /** Those of one `acquire` that cannot be in time, which proves that the counter works. */
  readonly control: number;
  readonly refusals: number;
}

/** Counts the errors that anything makes after this call, in this process. */
function countErrors(): () => number {
  let made = 0;
  const counting = {
    construct(target: ErrorConstructor, args: unknown[], derived: ErrorConstructor): object {
      made++;
      return Reflect.construct(target, args, derived) as object;
    },
    apply(target: ErrorConstructor, self: unknown, args: unknown[]): unknown {
      made++;
      return Reflect.apply(target, self, args);
    },
  };
  globalThis.Error = new Proxy(Error, counting);
  globalThis.TypeError = new Proxy(TypeError, counting as ProxyHandler<TypeErrorConstructor>);
  globalThis.RangeError = new Proxy(RangeError, counting as ProxyHandler<RangeErrorConstructor>);
  return () => made;
}

async function errorsMade(): Promise<ErrorsMade> {
  const errors = countErrors();
  const { createLimiter } = await import("sluice");
  const limiter = createLimiter("1/1d");
  limiter.tryAcquire();
  let refusals = 0;
  for (let i = 0; i < 100_000; i++) {
    const answer = limiter.tryAcquire();
    if (!answer.granted && answer.retryAfter! > 0) refusals++;
  }
  const made = errors();
  await limiter.acquire({ timeout: 1 }).catch(() => undefined);
  return { errors: made, control: errors() - made, refusals };
}

export const tasks = { errorsMade };
