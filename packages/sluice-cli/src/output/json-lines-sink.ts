import { finished } from "node:stream/promises";
import { CliError, systemReason } from "../cli-error.ts";
import type { ResultRecord, ResultSink } from "../runner/parts.ts";
import type { Output } from "./open-output.ts";

/** Writes results as JSON Lines, each as it comes. */
export class JsonLinesSink implements ResultSink {
  readonly #output: Output;
  #failure: CliError | undefined;

  constructor(output: Output) {
    this.#output = output;
    // The first error is the true one: what is written afterwards only hears of a closed stream.
    output.stream.on("error", (error) => {
      this.#fail(error);
    });
  }

  write({ json }: ResultRecord): Promise<void> {
    const { stream } = this.#output;
    return new Promise((resolve, reject) => {
      stream.write(`${json}\n`, (error) => {
        if (error) reject(this.#fail(error));
        else resolve();
      });
    });
  }

  skip(): void {}

  async close(): Promise<void> {
    const { stream, standard } = this.#output;
    if (standard || this.#failure) return; // every write was waited for
    stream.end();
    try {
      await finished(stream);
    } catch (error) {
      throw this.#fail(error);
    }
  }

  #fail(error: unknown): CliError {
    this.#failure ??= failureOf(error, this.#output);
    return this.#failure;
  }
}

function failureOf(error: unknown, { name, standard }: Output): CliError {
  const output = standard ? name : `the output ${name}`;
  if ((error as NodeJS.ErrnoException).code === "EPIPE") {
    return new CliError("OUTPUT_CLOSED", `${output} was closed by its reader.`);
  }
  return new CliError(
    "OUTPUT_UNWRITABLE",
    `${output} cannot be written any further (${systemReason(error)}); the results before that are in it: make room and run the other rows again.`,
  );
}
