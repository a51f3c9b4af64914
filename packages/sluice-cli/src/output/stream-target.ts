import type { Writable } from "node:stream";
import type { CliError } from "../cli-error.ts";
import type { TextTarget } from "./text-target.ts";

/** stdout, which outlives the job. */
export class StreamTarget implements TextTarget {
  readonly #stream: Writable;
  readonly #failureOf: (error: unknown) => CliError;
  #failure: CliError | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(stream: Writable, failureOf: (error: unknown) => CliError) {
    this.#stream = stream;
    this.#failureOf = failureOf;
    // The first error is the true one: what is written afterwards only hears of a closed stream.
    stream.on("error", (error) => {
      this.#fail(error);
    });
  }

  /** Resolves when the stream has taken it. */
  write(text: string): Promise<void> {
    this.#last = new Promise((resolve, reject) => {
      this.#stream.write(text, (error) => {
        if (error) reject(this.#fail(error));
        else resolve();
      });
    });
    this.#last.catch(() => {}); // whoever wrote is told
    return this.#last;
  }

  async flush(): Promise<number> {
    await this.#last;
    return 0;
  }

  async close(): Promise<void> {
    await this.#last;
  }

  #fail(error: unknown): CliError {
    this.#failure ??= this.#failureOf(error);
    return this.#failure;
  }
}
