/** What a lane needs of the limiter. */

import type { Clock } from "../clock.ts";
import type { Waiter } from "../queue.ts";
import type { Ledger } from "../stores/store.ts";
import type { Booking } from "./booking.ts";
import type { CommonLine } from "./common-line.ts";
import type { Forecasts } from "./forecasts.ts";
import type { Lane } from "./lane.ts";

export interface LaneDesk {
  readonly clock: Clock;
  readonly ledger: Ledger<boolean>;
  readonly line: CommonLine;
  readonly forecasts: Forecasts;
  /** Microseconds that a step of priority is worth. */
  readonly ageing: number;
  readonly horizon: number;
  /** From 0 to 1. */
  random(): number;
  grant(waiter: Waiter, booking: Booking): void;
  /** Resolves when the store has them, or has failed. */
  giveBack(key: string, bookings: readonly Booking[]): Promise<void>;
  /** Notices callers who were granted in this turn and run late. */
  checkLate(): void;
  /** The store failed: what becomes of everybody in the lane. */
  fail(lane: Lane, error: unknown): void;
  /** Instants come too late again and again. */
  tooSlow(lane: Lane): void;
  /** Something has changed: serve, and arm the timer. */
  pump(lane: Lane): void;
}
