import type { JobObserver } from "./parts.ts";

/** Several observers as one; those that are added to the list later see what comes later. */
export function observeAll(observers: readonly JobObserver[]): JobObserver {
  return {
    onRead: () => each((observer) => observer.onRead()),
    onStarted: (...step) => each((observer) => observer.onStarted(...step)),
    onEnded: (...step) => each((observer) => observer.onEnded(...step)),
    onRetry: (...step) => each((observer) => observer.onRetry(...step)),
    onFinished: (...step) => each((observer) => observer.onFinished(...step)),
    onUnreadable: () => each((observer) => observer.onUnreadable()),
    onSkipped: () => each((observer) => observer.onSkipped()),
    onInputEnd: () => each((observer) => observer.onInputEnd()),
    onWorker: (...step) => each((observer) => observer.onWorker(...step)),
  };

  function each(tell: (observer: JobObserver) => void): void {
    for (const observer of observers) tell(observer);
  }
}
