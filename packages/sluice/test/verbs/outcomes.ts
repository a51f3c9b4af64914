/** What became of a call: a promise so far, a thrown error, an answer. */

import { SluiceError } from "../../src/index.ts";

/** A promise under watch. */
export interface Watched<T> {
  /** `"pending"`, `"fulfilled"`, the code of a `SluiceError`, or else the reason itself. */
  outcome: unknown;
  value: T | undefined;
  error: unknown;
}

/** Watches a promise; a rejection is handled then. */
export function watch<T>(promise: Promise<T>): Watched<T> {
  const watched: Watched<T> = { outcome: "pending", value: undefined, error: undefined };
  promise.then(
    (value) => {
      watched.outcome = "fulfilled";
      watched.value = value;
    },
    (error: unknown) => {
      watched.outcome = nameOf(error);
      watched.error = error;
    },
  );
  return watched;
}

/** The outcomes of several. */
export function outcomes(watched: readonly Watched<unknown>[]): unknown[] {
  return watched.map((each) => each.outcome);
}

/** The code that a call throws, or `"nothing"`. */
export function codeOf(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return nameOf(error);
  }
  return "nothing";
}

/** The permit or reservation of an answer that must be one. */
export function granted<A extends { readonly granted: boolean }>(
  answer: A,
): Extract<A, { readonly granted: true }> {
  if (answer.granted) return answer as Extract<A, { readonly granted: true }>;
  throw new Error(`refused: ${JSON.stringify(answer)}`);
}

export function nameOf(error: unknown): unknown {
  return error instanceof SluiceError ? error.code : error;
}

export function watchAll<T>(calls: Promise<T>[]): Watched<T>[] {
  return calls.map((call) => watch(call));
}
