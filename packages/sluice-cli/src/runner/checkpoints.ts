import type { Clock } from "sluice";
import { defaults } from "../defaults.ts";
import type { JobState, Journal, ResultSink } from "./parts.ts";

export interface CheckpointsOptions {
  readonly journal: Pick<Journal, "resumed" | "checkpoint">;
  readonly sink: Pick<ResultSink, "flush">;
  readonly clock: Clock;
  snapshot(): Omit<JobState, "flushed">;
  /** A checkpoint could not be made. */
  fail(error: unknown): void;
}

/**
 * Writes into the journal, every second, how far the outputs on the disk are; a job that was resumed
 * begins with that, so that what it was charged for is not charged again when it ends soon.
 */
export class Checkpoints {
  readonly #options: CheckpointsOptions;
  #cancel: () => void = () => {};
  #making: Promise<void> = Promise.resolve();
  #ended = false;

  constructor(options: CheckpointsOptions) {
    this.#options = options;
    this.#arm(options.journal.resumed ? 0 : defaults.checkpointEveryMs);
  }

  /** The last one. */
  async end(): Promise<void> {
    this.#ended = true;
    this.#cancel();
    await this.#making;
    await this.#make();
  }

  #arm(ms: number): void {
    const { clock, fail } = this.#options;
    const look = (): void => {
      this.#making = this.#make()
        .catch(fail)
        .then(() => {
          if (!this.#ended) this.#arm(defaults.checkpointEveryMs);
        });
    };
    this.#cancel = clock.setTimer(ms, look, true);
  }

  async #make(): Promise<void> {
    const { journal, sink, snapshot } = this.#options;
    const flushed = await sink.flush();
    // After the flush, in one go with the checkpoint: what is started later is in neither.
    await journal.checkpoint({ flushed, ...snapshot() });
  }
}
