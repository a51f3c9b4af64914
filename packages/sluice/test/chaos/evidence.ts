// What is known about a round when it is over: what the processes wrote down, and what was done to them.
import type { Entry } from "./diary.ts";
import type { OnFailure, StoreName } from "./order.ts";

/** From and to in microseconds of the host's monotonic clock. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** One process, from its start to its end. */
export interface Life {
  readonly id: number;
  readonly entries: readonly Entry[];
  /** When it was killed; infinite when it ended by itself. */
  readonly killedAt: number;
  /** When it was stopped by a signal. */
  readonly stops: readonly Span[];
}

export interface PlaceFault extends Span {
  readonly name: string;
  readonly forgets: number;
}

export interface Evidence {
  readonly store: StoreName;
  readonly onFailure: OnFailure;
  readonly processes: number;
  readonly mixes: readonly string[];
  readonly graceMs: number;
  /** Microseconds by which the store's clock is ahead of the host's; undefined when that changed. */
  readonly ahead: number | undefined;
  readonly lives: readonly Life[];
  readonly faults: readonly PlaceFault[];
}
