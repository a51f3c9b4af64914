/** What the queues need of the limiter. */

import type { Clock } from "./clock.ts";
import type { Costs } from "./costs.ts";
import type { Plan } from "./limits/plan.ts";
import type { Waiter } from "./queue.ts";
import type { Answer } from "./stores/store.ts";

export interface Desk {
  readonly clock: Clock;
  /** Microseconds that a step of priority is worth. */
  readonly ageing: number;
  /** Whether everything is let through. */
  readonly breached: boolean;
  now(): number;
  /** Asks for the costs of the head and of those behind it, now or never. */
  ask(key: string, plan: Plan, costs: readonly Costs[], since: number): Answer;
  /** Hands out what this plan granted; `ran` is when, if not at the recorded instant. */
  grant(waiter: Waiter, plan: Plan, at: number, ticket: number, ran?: number): void;
  letThrough(waiter: Waiter): void;
  /** A waiter that the store could not serve. */
  fail(waiter: Waiter, error: unknown): void;
  /** A waiter whose deadline came. */
  expire(waiter: Waiter): void;
  /** A waiter whose booked instant came: true when it may go, false when it was booked anew. */
  honour(waiter: Waiter): boolean;
}
