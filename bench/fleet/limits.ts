/** The limits that the fleet is judged by. */

import { type LimitsInput, pace } from "sluice";

export interface FleetLimit {
  readonly limits: LimitsInput;
  /** For each window that is promised: its length, and the most in it with a grace. */
  readonly promises: readonly {
    readonly spanMs: number;
    readonly most: (graceMs: number) => number;
  }[];
  /** What passes in `periodMs` at the most, again and again; both with the grace. */
  readonly count: number;
  readonly periodMs: (graceMs: number) => number;
}

const window = (count: number, spanMs: number): FleetLimit["promises"][number] => ({
  spanMs,
  most: () => count,
});

export const fleetLimits: Record<string, FleetLimit> = {
  window: {
    limits: "200/s",
    promises: [window(200, 1_000)],
    count: 200,
    periodMs: (grace) => 1_000 + grace,
  },
  pace: {
    limits: pace("200/s", { catchUp: 5 }),
    // What explain() prints: the rate over W + G, and what is caught up.
    promises: [5, 20, 100, 500, 1_000, 5_000].map((spanMs) => ({
      spanMs,
      most: (grace) => 5 + Math.ceil((200 * (spanMs + grace)) / 1e3),
    })),
    count: 1,
    periodMs: () => 5,
  },
  rates: {
    limits: ["50/100ms", "200/s", "900/5s"],
    promises: [window(50, 100), window(200, 1_000), window(900, 5_000)],
    count: 900,
    periodMs: (grace) => 5_000 + grace,
  },
};
