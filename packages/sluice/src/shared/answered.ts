/** Answers that a synchronous store gives at once and a remote one promises. */

/** Goes on with an answer: at once when it is there. */
export function after<T, R>(
  answer: T | Promise<T>,
  next: (answer: T) => R | Promise<R>,
): R | Promise<R> {
  return answer instanceof Promise ? answer.then(next) : next(answer);
}
