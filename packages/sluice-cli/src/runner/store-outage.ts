/** What a job does while its store fails: it says so, waits, and gives up at last. */

import type { Clock } from "sluice";
import type { CircuitEvent } from "sluice/fallback";
import { CliError } from "../cli-error.ts";
import { span } from "../progress/words.ts";
import { reasonOf } from "../store/open-store.ts";

export interface StoreOutageOptions {
  /** As messages call it. */
  readonly store: string;
  readonly clock: Clock;
  /** Milliseconds. */
  readonly patience: number;
  note(text: string): void;
}

export class StoreOutage {
  readonly #options: StoreOutageOptions;
  #cancel: (() => void) | undefined;
  /** Why the store was given up; from then on nothing passes. */
  failure: CliError | undefined;
  /** Called once, when it is given up. */
  onGivenUp: (failure: CliError) => void = () => {};

  constructor(options: StoreOutageOptions) {
    this.#options = options;
  }

  tell({ circuit, failure }: CircuitEvent): void {
    const { store, clock, patience, note } = this.#options;
    if (circuit === "closed") {
      if (!this.#cancel) return;
      this.end();
      note(`the store ${store} is back`);
      return;
    }
    if (this.#cancel || this.failure) return;
    const why = reasonOf(failure);
    note(`the store ${store} fails; rows wait for it, ${span(patience)} at the most (${why})`);
    this.#cancel = clock.setTimer(patience, () => this.#giveUp(why));
  }

  /** The job is over. */
  end(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #giveUp(why: string): void {
    const { store, patience } = this.#options;
    this.failure = new CliError(
      "STORE_UNAVAILABLE",
      `the store ${store} was away for ${span(patience)} (${why}); see to it; a job with an output file goes on with --resume.`,
    );
    this.onGivenUp(this.failure);
  }
}
