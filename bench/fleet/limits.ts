/** The limits that the fleet is judged by. */

import { type LimitsInput, pace } from "sluice";

export interface FleetLimit {
  readonly limits: LimitsInput;
  /** For each window that is promised: its length, and the most in it besides the rate. */
  readonly promises: readonly {
    readonly spanMs: number;
    readonly most: (graceMs: number) => number;
  }[];
  /** What may pass in a second at the most, with the grace. */
  readonly rate: (graceMs: number) => number;
}

const window = (count: number, spanMs: number): FleetLimit["promises"][number] => ({
  spanMs,
  most: () => count,
});

export const fleetLimits: Record<string, FleetLimit> = {
  "window 200/s": {
    limits: "200/s",
    promises: [window(200, 1_000)],
    rate: (grace) => 200e3 / (1_000 + grace),
  },
  "pace 200/s catchUp 5": {
    limits: pace("200/s", { catchUp: 5 }),
    promises: [100, 500, 1_000, 5_000].map((spanMs) => ({
      spanMs,
      most: (grace) => 5 + Math.ceil((200 * (spanMs + grace)) / 1e3),
    })),
    rate: () => 200,
  },
  "three rates": {
    limits: ["50/100ms", "200/s", "900/5s"],
    promises: [window(50, 100), window(200, 1_000), window(900, 5_000)],
    rate: (grace) => 900e3 / (5_000 + grace),
  },
};
