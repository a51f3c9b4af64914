// What the conductor tells a process of a chaos round, and what that tells it.

export type StoreName = "shared-memory" | "sqlite" | "redis" | "postgres";

/** What is said while the store fails; `none` is without `fallback`. */
export type OnFailure = "none" | "refuse" | "share";

export interface WorkerOrder {
  readonly store: StoreName;
  /** An address or a file. */
  readonly where: string;
  readonly onFailure: OnFailure;
  /** How many processes there are. */
  readonly processes: number;
  /** What the names of the limiters begin with. */
  readonly name: string;
  readonly mixes: readonly string[];
  readonly keys: readonly string[];
  /** Callers of each key of each limiter. */
  readonly callers: number;
  /** Callers that never rest, so that the process is nearly always inside a call of the store. */
  readonly hot: boolean;
  readonly graceMs: number;
  readonly diary: string;
  readonly seed: number;
  /** By how many milliseconds this host's clock is wrong; a file to read it from when it changes. */
  readonly clockMs?: number | string;
}

export type FromWorker =
  | { readonly is: "ready" }
  /** Calls that have not ended; empty when all is well. */
  | { readonly is: "over"; readonly open: readonly string[] };

/** From the conductor: no new calls, and wait for those that are under way so long. */
export interface Finish {
  readonly patienceMs: number;
}
