import type { Readable } from "node:stream";
import { killGroups } from "../exec/running-groups.ts";

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

  kill(): void {
    killGroups(this.#groups);
    this.#groups.clear();
  }

  #take(change: number): void {
    if (change > 0) this.#groups.add(change);
    else this.#groups.delete(-change);
  }
}
