import type { Clock } from "sluice";
import type { CliError } from "../cli-error.ts";
import type { JobLimits } from "../runner/job-options.ts";
import type { Executor, JobObserver, Outcome, Row } from "../runner/parts.ts";
import type { LimiterDesk } from "./limiter-desk.ts";
import type { Link, LinkEvents } from "./link.ts";
import type { WorkerStart } from "./messages.ts";
import { WorkerSlot } from "./worker-slot.ts";

export interface PoolOptions {
  readonly slots: number;
  readonly link: (events: LinkEvents) => Link;
  /** All that a worker is told but its number. */
  readonly start: Omit<WorkerStart, "worker">;
  readonly desk: LimiterDesk;
  readonly clock: Clock;
  readonly observer: Pick<JobObserver, "onWorker">;
  /**
   * Milliseconds that a worker may stay silent after a row's time-out, before it is taken for stuck;
   * default 5,000.
   */
  readonly stuckAfter?: number;
}

const STUCK_AFTER = 5_000;
/** Milliseconds for teardown; after an abort hardly any. */
const GRACE = 10_000;
const GRACE_ABORTED = 500;
const LOOK_EVERY = 1_000;

/** Runs rows in workers, and replaces those that are lost. */
export class PoolExecutor implements Executor {
  readonly #options: PoolOptions;
  readonly #slots: readonly WorkerSlot[];
  #failure: CliError | undefined;
  #aborted = false;
  /** Whether all workers have been ready once. */
  #begun = false;
  #stopLooking: () => void = () => {};

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#slots = Array.from(
      { length: options.slots },
      (_, slot) => new WorkerSlot({ ...options, slot, fail: (error) => this.#fail(error) }),
    );
    const { stuckAfter = STUCK_AFTER, start } = options;
    if (start.timeout !== undefined) this.#look(start.timeout + stuckAfter);
  }

  get slots(): number {
    return this.#slots.length;
  }

  /** Starts the first worker, and says which limits its module exports. */
  async open(): Promise<JobLimits | undefined> {
    const first = this.#slots[0]!;
    await first.ready();
    return first.limits;
  }

  isReady(slot: number): boolean {
    return this.#begun && this.#slots[slot]!.isReady;
  }

  /** The first row waits for all workers: those that start would take the time of those that run. */
  async ready(slot: number): Promise<void> {
    if (!this.#begun) {
      await Promise.all(this.#slots.map((each) => each.ready()));
      this.#begun = true;
    }
    await this.#slots[slot]!.ready();
  }

  run(row: Row, slot: number, attempt: number): Promise<Outcome> {
    return this.#slots[slot]!.run(row, attempt);
  }

  abort(): void {
    this.#aborted = true;
    for (const slot of this.#slots) slot.abort();
  }

  exhausted(): void {
    for (const slot of this.#slots) slot.exhausted();
  }

  async close(): Promise<void> {
    this.#stopLooking();
    const grace = this.#aborted ? GRACE_ABORTED : GRACE;
    await Promise.all(this.#slots.map((slot) => slot.close(grace)));
    if (this.#failure?.code === "TEARDOWN_FAILED") throw this.#failure;
  }

  #fail(error: CliError): void {
    this.#failure ??= error;
    for (const slot of this.#slots) slot.giveUp(this.#failure);
  }

  /** Finds workers that do not even say that a row has timed out. */
  #look(limit: number): void {
    const { clock } = this.#options;
    this.#stopLooking = clock.setTimer(
      LOOK_EVERY,
      () => {
        const now = clock.now() / 1e3;
        for (const slot of this.#slots) slot.killIfSilent(now, limit);
        this.#look(limit);
      },
      true,
    );
  }
}
