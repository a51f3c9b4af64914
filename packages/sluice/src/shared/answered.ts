/** Answers that a synchronous store gives at once and a remote one promises. */

import type { Clock } from "../clock.ts";
import type { Answer } from "../stores/store.ts";

/** Goes on with an answer: at once when it is there. */
export function after<T, R>(
  answer: T | Promise<T>,
  next: (answer: T) => R | Promise<R>,
): R | Promise<R> {
  return answer instanceof Promise ? answer.then(next) : next(answer);
}

/** The answer, or `undefined` when it is not there after so many milliseconds. */
export function within<T>(
  answer: T | Promise<T>,
  ms: number,
  clock: Clock,
): T | Promise<T | undefined> {
  if (!(answer instanceof Promise)) return answer;
  return new Promise<T | undefined>((resolve, reject) => {
    // An answer that lies there already, because the event loop was blocked, is read first.
    let cancel = clock.setTimer(ms, () => {
      cancel = clock.setTimer(0, () => resolve(undefined));
    });
    answer.then(resolve, reject).finally(() => cancel());
  });
}

/** A store that answers at once may use the same answer for the next question, before this is read. */
export function kept(answer: Answer | Promise<Answer>): Answer | Promise<Answer> {
  if (answer instanceof Promise) return answer;
  const { instants, tickets } = answer;
  return { ...answer, instants: instants.slice(), tickets: tickets.slice() };
}
