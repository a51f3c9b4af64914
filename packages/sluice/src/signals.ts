/** Who waits under which abort signal: one listener a signal, however many wait under it. */

import { InvalidOptionError } from "./errors.ts";
import { show } from "./time.ts";

/** A signal, checked before anybody waits under it. */
export function readSignal(signal: AbortSignal | undefined): AbortSignal | undefined {
  if (signal === undefined || typeof signal?.addEventListener === "function") return signal;
  throw new InvalidOptionError(
    `signal must be an AbortSignal, as the signal of an AbortController is; got ${show(signal)}.`,
  );
}

interface Watch {
  readonly callbacks: Set<() => void>;
  readonly listener: () => void;
}

export class Signals {
  readonly #watches = new Map<AbortSignal, Watch>();

  /** Calls `onAbort` once when the signal aborts; returns what detaches it. */
  watch(signal: AbortSignal, onAbort: () => void): () => void {
    let watch = this.#watches.get(signal);
    if (!watch) {
      const callbacks = new Set<() => void>();
      const listener = (): void => {
        this.#watches.delete(signal);
        for (const callback of callbacks) callback();
      };
      watch = { callbacks, listener };
      this.#watches.set(signal, watch);
      signal.addEventListener("abort", listener, { once: true });
    }
    const { callbacks, listener } = watch;
    callbacks.add(onAbort);
    return () => {
      callbacks.delete(onAbort);
      if (callbacks.size > 0 || this.#watches.get(signal)?.listener !== listener) return;
      this.#watches.delete(signal);
      signal.removeEventListener("abort", listener);
    };
  }
}
