// Two writers in two threads, each of which can be stopped before any atomic operation and go on later.
import { paceOf } from "../../src/limits/pace/builder.ts";
import { compile, type LimitsInput, type Plan } from "../../src/limits/plan.ts";
import { window } from "../../src/limits/window/window.ts";
import { askFor, type Answer } from "../../src/stores/store.ts";
import type { Thread } from "./threads-of-one.ts";

/** What the other thread is told. */
export interface Scene {
  readonly memory: SharedArrayBuffer;
  readonly limits: keyof typeof LIMITS;
  /** Milliseconds since the epoch: when it asks first, to know the key, and when again: its step. */
  readonly first: number;
  readonly again: number;
}

export const LIMITS = {
  window: window(4, 10),
  rates: [window(9, 10), window(20, 50)],
  pace: paceOf(500, 1e6, { burst: 9 }),
} as const satisfies Record<string, LimitsInput>;

export function planOf(limits: keyof typeof LIMITS): Plan {
  return compile(LIMITS[limits], 0, { now: 0, wall: 0 });
}

/** Asks for one at a time, or for several in one step, which is a general one. */
export function ask({ ledger }: Thread, plan: Plan, times = 1): Answer {
  const costs = Array.from({ length: times }, () => [1]);
  const question = askFor("k", plan, costs);
  const answer = ledger.reserve(question);
  return { ...answer, instants: [...answer.instants], tickets: [...answer.tickets] };
}

/** Numbers of the control block: which scene it is, and how far the other thread is in it. */
export const SCENE = 0;
export const READY = 1;
export const BEGUN = 2;
/** Before which of its operations it stands; -1 when it is through. */
export const AT = 3;
/** How many operations it may do. */
export const ALLOWED = 4;
/** Where its two answers lie, in numbers of 8 bytes: admitted, now, instant, ticket. */
export const FIRST = 4;
export const THEN = 8;
export const CONTROL_BYTES = 96;
