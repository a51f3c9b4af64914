import type { Duration } from "sluice";
import { CliError } from "../cli-error.ts";
import type {
  JobAcquireOptions,
  JobAskOptions,
  JobCost,
  JobLimiter,
  JobPermit,
  JobRefusal,
} from "../runner/job-function.ts";
import type { LimiterVerb, SentError } from "./messages.ts";
import { fromSent } from "./sent-error.ts";

export interface LimiterClientOptions {
  /** The names that the job has. */
  readonly names: readonly string[];
  ask(ask: number, verb: LimiterVerb): void;
  /** Nobody waits for the answer any more. */
  forget(ask: number): void;
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** The worker's side of the job's own limiters: asks, and waits for the answers. */
export class LimiterClient {
  readonly #options: LimiterClientOptions;
  readonly #pending = new Map<number, Pending>();
  #asks = 0;

  constructor(options: LimiterClientOptions) {
    this.#options = options;
  }

  /** How many answers are waited for. */
  get waiting(): number {
    return this.#pending.size;
  }

  answer(ask: number, value: unknown): void {
    const pending = this.#pending.get(ask);
    this.#pending.delete(ask);
    pending?.resolve(value);
  }

  refuse(ask: number, error: SentError): void {
    const pending = this.#pending.get(ask);
    this.#pending.delete(ask);
    pending?.reject(fromSent(error));
  }

  /** The limiter of that name; its waits end with the signal. */
  limiter(name: string, signal: AbortSignal): JobLimiter {
    const { names } = this.#options;
    if (!names.includes(name)) {
      throw new CliError(
        "LIMITER_UNKNOWN",
        `the job has no limiter "${name}" (${names.length === 0 ? "it has none" : `it has ${names.join(", ")}`}); name it in the job's "limiters".`,
      );
    }
    const permitOrRefusal = async (
      verb: LimiterVerb & { do: "acquire" | "try" },
    ): Promise<JobPermit | JobRefusal> => {
      const { ask, answered } = this.#ask(verb, signal);
      const answer = (await answered) as JobRefusal | { granted: true; waited: number };
      return "waited" in answer ? this.#permit(ask, answer.waited) : answer;
    };
    return {
      acquire: (options: JobAcquireOptions = {}) =>
        permitOrRefusal({ do: "acquire", name, options }) as Promise<JobPermit>,
      tryAcquire: (options: JobAskOptions = {}) => permitOrRefusal({ do: "try", name, options }),
      pause: async (ms: Duration, options: { key?: string } = {}) => {
        await this.#ask({ do: "pause", name, ms, ...options }).answered;
      },
    };
  }

  #permit(permit: number, waited: number): JobPermit {
    const release = async (): Promise<void> => {
      await this.#ask({ do: "release", permit }).answered;
    };
    let released: Promise<void> | undefined;
    return {
      granted: true,
      waited,
      settle: async (actual: JobCost) => {
        await this.#ask({ do: "settle", permit, actual }).answered;
      },
      release: () => (released = release()),
      [Symbol.asyncDispose]: () => released ?? release(),
    };
  }

  #ask(verb: LimiterVerb, signal?: AbortSignal): { ask: number; answered: Promise<unknown> } {
    signal?.throwIfAborted();
    const ask = this.#asks;
    this.#asks += 1;
    const answered = new Promise<unknown>((resolve, reject) => {
      const give = (): void => {
        this.#pending.delete(ask);
        this.#options.forget(ask);
        reject(signal?.reason);
      };
      const end = (): void => signal?.removeEventListener("abort", give);
      signal?.addEventListener("abort", give, { once: true });
      this.#pending.set(ask, {
        resolve: (value) => {
          end();
          resolve(value);
        },
        reject: (error) => {
          end();
          reject(error);
        },
      });
    });
    this.#options.ask(ask, verb);
    return { ask, answered };
  }
}
