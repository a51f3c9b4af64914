import type { Task } from "./feed.ts";

/**
 * The rows that were in a worker when it was lost: one of them may have done it. They are run again
 * alone, one at a time, before the worker that replaces it takes any other row.
 */
export class Quarantine {
  readonly #suspects: Task[] = [];
  #alone: Task | undefined;
  readonly #waiting: (() => void)[] = [];

  /** Whether this row may run now, beside whatever runs. */
  admits(task: Task | undefined): boolean {
    return this.#alone ? this.#alone === task : this.#suspects.length === 0;
  }

  add(task: Task): void {
    this.#suspects.push(task);
  }

  /** The next suspect, when none runs. */
  take(): Task | undefined {
    if (this.#alone) return undefined;
    this.#alone = this.#suspects.shift();
    return this.#alone;
  }

  /** The suspect that was taken has run; others wait until all have. */
  leave(task: Task): void {
    if (this.#alone !== task) return;
    this.#alone = undefined;
    this.wake();
  }

  /** Takes all that still wait. */
  clear(): Task[] {
    return this.#suspects.splice(0);
  }

  /** Makes everyone who waits look again. */
  wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Resolves when it may be worth asking again. */
  changed(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }
}
