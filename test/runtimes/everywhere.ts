/** What is seen to work in every runtime: run there from a bundle, which must not need Node. */

import { concurrency, createLimiter, memory, SluiceError, window } from "sluice";
import { sharedMemory } from "sluice/shared-memory";
import { storeSuite, type StoreSubject, worstWindow } from "sluice/testing";

export interface Seen {
  /** Rules of the contract that held for memory, and for memory that threads share. */
  readonly rules: readonly number[];
  /** Whether there was a window with more than 20 per 50 ms, on the callers' own clock. */
  readonly isOver: boolean;
  /** Callers released by one call. */
  readonly released: number;
  /** How `acquireSync` ended. */
  readonly blocked: string;
  /** How an aborted wait ended. */
  readonly aborted: string;
}

export async function everywhere(): Promise<Seen> {
  return {
    rules: [await rulesOf(alone), await rulesOf(shared)],
    isOver: (await worstOf(20, 50)) > 20,
    released: await releasedOf(100_000),
    blocked: blockedFor(20),
    aborted: await abortedWait(),
  };
}

export const alone: StoreSubject = { open: () => memory(), shared: false };
export const shared: StoreSubject = { open: () => sharedMemory(new SharedArrayBuffer(2 ** 20)) };

async function rulesOf(subject: StoreSubject): Promise<number> {
  const rules = storeSuite(subject, { traces: 5 });
  for (const rule of rules) await rule.run();
  return rules.length;
}

async function worstOf(units: number, ms: number): Promise<number> {
  const limiter = createLimiter(window(units, `${ms}ms`));
  const calls = Array.from({ length: 10 * units }, async () => {
    await limiter.acquire();
    return { at: Math.floor(performance.now() * 1e3), units: 1 };
  });
  return worstWindow(await Promise.all(calls), ms * 1e3).units;
}

async function releasedOf(callers: number): Promise<number> {
  const limiter = createLimiter({ calls: window(1, "1h"), running: concurrency(1) });
  const held = await limiter.acquire();
  const calls = Array.from({ length: callers }, () => limiter.acquire());
  limiter.breach();
  const permits = await Promise.all(calls);
  for (const permit of [held, ...permits]) permit.release();
  return permits.length;
}

function blockedFor(ms: number): string {
  const limiter = createLimiter(window(1, `${ms}ms`));
  try {
    const [first, second] = [limiter.acquireSync(), limiter.acquireSync()];
    return +second.instant - +first.instant >= ms ? "until its instant" : "too short";
  } catch (error) {
    return error instanceof SluiceError ? `${error.code} ${error.message}` : String(error);
  }
}

async function abortedWait(): Promise<string> {
  const limiter = createLimiter(window(1, "1h"));
  await limiter.acquire();
  const abort = new AbortController();
  const waits = limiter.acquire({ signal: abort.signal });
  abort.abort(new Error("enough"));
  return waits.then(
    () => "granted",
    (error: unknown) => String(error),
  );
}
