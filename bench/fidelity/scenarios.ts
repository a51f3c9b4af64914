/** What is asked for when, and what would be ideal. */

export interface Scenario {
  /** A window of `count` per `span` ms, or that rate as a pace. */
  readonly kind: "window" | "pace";
  readonly count: number;
  readonly span: number;
  /** Made up for by the pace. */
  readonly catchUp?: number;
  /** When how many arrive, in ms; without it, twice the demand all the time. */
  readonly bursts?: readonly (readonly [at: number, jobs: number])[];
  /** The least use, when the event loop is free. */
  readonly leastUse?: number;
}

export const scenarios: Record<string, Scenario> = {
  "50/s": { kind: "window", count: 50, span: 1000, leastUse: 0.998 },
  "1000/s": { kind: "window", count: 1000, span: 1000, leastUse: 0.998 },
  "100 per 100 ms": { kind: "window", count: 100, span: 100, leastUse: 0.985 },
  // Bursts about the borders of fixed windows, with idle times between them.
  "100 per 500 ms, bursts": {
    kind: "window",
    count: 100,
    span: 500,
    bursts: [
      [0, 1],
      [480, 199],
      [1500, 150],
      [1700, 100],
      [3000, 1],
      [3490, 199],
      [4600, 200],
    ],
  },
  "pace 200/s, catchUp 5": { kind: "pace", count: 200, span: 1000, catchUp: 5 },
};

export const DURATION_MS = 5_000;
/** With blocks, the least use everywhere. */
export const LEAST_USE_BLOCKED = 0.96;

/** How many admissions are waited for: those due in so long, the last of them at its end. */
export function wanted({ kind, count, span, bursts }: Scenario, duration: number): number {
  if (bursts) return bursts.reduce((sum, [, jobs]) => sum + jobs, 0);
  const windows = duration / span;
  return kind === "window" ? count * (windows + 1) : count * windows + 1;
}

/** How many have been asked for by now: a backlog of two windows, and then twice the rate. */
export function demanded({ count, span, bursts }: Scenario, elapsed: number): number {
  if (!bursts) return Math.floor(2 * count * (1 + elapsed / span));
  return bursts.reduce((sum, [at, jobs]) => (at <= elapsed ? sum + jobs : sum), 0);
}
