/** `sluice/fallback`: what happens while a shared store is slow, gone, or restarted empty. */

import { InvalidOptionError } from "../../errors.ts";
import { type Duration, show, toMicros } from "../../time.ts";
import { FallbackLedger, type FallbackSettings } from "./ledger.ts";
import { shareOf, withoutLimits } from "./share.ts";
import type { BookedWaiting, Ledger, Store } from "../store.ts";

/** What is said while the store fails. */
export type OnFailure = "refuse" | "allow" | { readonly share: number };

/** The store of a limiter was given up, or is back. */
export interface CircuitEvent {
  readonly circuit: "open" | "closed";
  /** The limiter's name. */
  readonly name: string;
  /** The failure that opened it. */
  readonly failure?: unknown;
}

/** When a failing store is left alone. */
export interface CircuitOptions {
  /** Failed calls in a row after which the store is not called any more: 1 or more, default 5. */
  readonly failures?: number;
  /** How long until a single call probes whether it is back; default 1 s. */
  readonly pause?: Duration;
}

/** Options of `fallback`. */
export interface FallbackOptions {
  /**
   * What a failed call is answered with. `"refuse"`: a refusal whose `limit` is `"fallback"`; the
   * limits hold. `"allow"`: everything passes. `{ share: 1 / n }`: this process holds an n-th of
   * every count by itself, rounded down, but at least 1; from 1/1,000,000 to 1.
   */
  readonly onFailure: OnFailure;
  /**
   * How long a call to a remote store may take; default 1 s. What is answered later goes back. A
   * synchronous store cannot be interrupted; there it is how long a store may say that it is busy.
   */
  readonly deadline?: Duration;
  readonly circuit?: CircuitOptions;
  /**
   * Whether keys without state after a failure start `"full"`, with everything free, or `"used"`,
   * because the store may have lost what it knew; default what the limiter's `start` says.
   */
  readonly start?: "full" | "used";
  /** Called when the circuit opens and when it closes. */
  readonly onCircuit?: (event: CircuitEvent) => void;
}

const MOST_PARTS = 1e6;

/**
 * Wraps a shared store, so that a limiter has an answer when the store has none. Every call has a
 * deadline; after some failures in a row the store is left alone but for one probe at a time.
 * `docs/failure-modes.md` says what is promised then.
 *
 * @throws `INVALID_OPTION` for a store that cannot fail, and for options that make no sense.
 * @example
 * const store = fallback(redis(client), { onFailure: { share: 1 / 4 } });
 * const limiter = createLimiter("100/1m", { name: "api", store });
 */
export function fallback<Sync extends boolean>(
  store: Store<Sync>,
  options: FallbackOptions,
): Store<Sync> {
  const { waiting } = store ?? {};
  if (typeof store?.open !== "function" || waiting === undefined) {
    throw new InvalidOptionError(
      `fallback() wraps a store that is shared, such as redis(client); got ${show(store)}. The memory of this process does not fail.`,
    );
  }
  const settings = readSettings(options, waiting);
  return {
    sync: store.sync,
    waiting,
    open: (scope) => new FallbackLedger(store, scope, settings) as Ledger<boolean> as Ledger<Sync>,
  };
}

function readSettings(options: FallbackOptions, waiting: BookedWaiting): FallbackSettings {
  const { onFailure, deadline = "1s", circuit = {}, start, onCircuit } = options;
  const { failures = 5, pause = "1s" } = circuit;
  if (!Number.isInteger(failures) || failures < 1) {
    throw new InvalidOptionError(
      `circuit.failures must be a whole number of 1 or more; got ${show(failures)}.`,
    );
  }
  if (start !== undefined && start !== "full" && start !== "used") {
    throw new InvalidOptionError(`start must be "full" or "used"; got ${show(start)}.`);
  }
  return {
    waiting,
    deadline: toMicros(deadline, "deadline"),
    rules: { failures, pause: toMicros(pause, "circuit.pause") },
    adapt: adaptationOf(onFailure),
    start,
    told: (name, failure) => tell(onCircuit, name, failure),
  };
}

function adaptationOf(onFailure: OnFailure): FallbackSettings["adapt"] {
  if (onFailure === "refuse") return undefined;
  if (onFailure === "allow") return withoutLimits;
  const share = onFailure?.share;
  if (typeof share === "number" && share <= 1 && share >= 1 / MOST_PARTS) {
    const whole = Math.round(1 / share);
    // 1 / (1 / 49) is not quite 49.
    const parts = Math.abs(1 / share - whole) < 1e-9 * whole ? whole : 1 / share;
    return (plan, inForce) => shareOf(plan, parts, inForce);
  }
  throw new InvalidOptionError(
    `onFailure must be "refuse", "allow", or { share: 1 / n } for n processes; got ${show(onFailure)}.`,
  );
}

/** A listener that throws does not disturb the limiter: its error is reported apart. */
function tell(onCircuit: FallbackOptions["onCircuit"], name: string, failure: unknown): void {
  if (!onCircuit) return;
  try {
    onCircuit(
      failure === undefined ? { circuit: "closed", name } : { circuit: "open", name, failure },
    );
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
