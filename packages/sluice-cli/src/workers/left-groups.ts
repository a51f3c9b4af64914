import type { Readable } from "node:stream";
import { killGroups, runs } from "../exec/running-groups.ts";

/** A killed command may take a while to be gone; one that nobody reaps is not waited for. */
const PATIENCE_MS = 2_000;
const LOOK_EVERY_MS = 5;

/**
 * The process groups that a worker says it has started, one number a line: negative when it has
 * ended. What the worker wrote before it was killed is still read after that, so nothing that it
 * has started is left.
 */
export class LeftGroups {
  readonly #groups = new Set<number>();
  #torn = "";

  /** @param told - Ends with the worker. */
  constructor(told: Readable) {
    told.setEncoding("utf8").on("data", (text: string) => {
      const lines = (this.#torn + text).split("\n");
      this.#torn = lines.pop()!;
      for (const line of lines) this.#take(Number(line));
    });
    told.on("error", () => {}); // the worker is gone
  }

  /** Ends them; calls `then` when none runs any more, at once if there is none. */
  kill(then: () => void): void {
    killGroups(this.#groups);
    const deadline = performance.now() + PATIENCE_MS;
    const look = (): void => {
      for (const group of this.#groups) if (!runs(group)) this.#groups.delete(group);
      if (this.#groups.size === 0 || performance.now() > deadline) then();
      else setTimeout(look, LOOK_EVERY_MS);
    };
    look();
  }

  #take(change: number): void {
    if (change > 0) this.#groups.add(change);
    else this.#groups.delete(-change);
  }
}
