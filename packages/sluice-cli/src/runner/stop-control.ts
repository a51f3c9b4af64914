import { setMaxListeners } from "node:events";

/**
 * How a job is ended from outside: `stop` starts no new row and finishes what runs, `abort` gives
 * up what runs too. Both may be called at any time and any number of times.
 */
export class StopControl {
  readonly #stopping = new AbortController();
  readonly #aborting = new AbortController();
  /** Resolves on `abort`. */
  readonly aborted: Promise<void>;

  constructor() {
    setMaxListeners(0, this.stopping, this.aborting); // every lane may listen
    this.aborted = new Promise((resolve) => {
      this.aborting.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  get aborting(): AbortSignal {
    return this.#aborting.signal;
  }

  stop(): void {
    this.#stopping.abort();
  }

  abort(): void {
    this.stop();
    this.#aborting.abort();
  }
}
