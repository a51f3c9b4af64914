// The limits of chaos rounds, and what each promises to the callers: spans short enough to be passed
// often in a round of a second, all longer than the grace.
import { concurrency, type LimitsInput, pace, quota, window } from "sluice";

/** So long a slot is leased. */
export const LEASE_MS = 600;

/** What one limit lets through. `units`: whether it counts what an admission takes, or admissions. */
export type Promised =
  | {
      readonly kind: "window";
      readonly count: number;
      readonly spanMs: number;
      readonly units: boolean;
      readonly shared: boolean;
      readonly parts?: boolean;
    }
  | { readonly kind: "pace"; readonly perSecond: number; readonly burst: number }
  | { readonly kind: "quota"; readonly count: number; readonly periodMs: number }
  | { readonly kind: "slots"; readonly count: number; readonly shared: boolean };

export interface Mix {
  readonly limits: LimitsInput;
  readonly promised: readonly Promised[];
  /** The cost of an admission that takes so many units; by name where only some limits count them. */
  cost(units: number): number | Record<string, number> | undefined;
}

const plain = (units: number): number => units;
const span = (count: number, spanMs: number, units = true, shared = false): Promised => ({
  kind: "window",
  count,
  spanMs,
  units,
  shared,
});
const inParts = (count: number, spanMs: number): Promised => {
  return { kind: "window", count, spanMs, units: true, shared: false, parts: true };
};
const slots = (count: number, shared = false): Promised => ({ kind: "slots", count, shared });
const leased = { lease: LEASE_MS };

export const mixes: Readonly<Record<string, Mix>> = {
  window: { limits: window(12, "150ms"), promised: [span(12, 150)], cost: plain },
  rates: {
    limits: ["8/100ms", "20/500ms"],
    promised: [span(8, 100), span(20, 500)],
    cost: plain,
  },
  parts: {
    limits: window(30, "240ms", { parts: 6 }),
    promised: [inParts(30, 240)],
    cost: plain,
  },
  pace: {
    limits: pace("60/s", { burst: 4 }),
    promised: [{ kind: "pace", perSecond: 60, burst: 4 }],
    cost: plain,
  },
  quota: {
    limits: quota(15, "250ms"),
    promised: [{ kind: "quota", count: 15, periodMs: 250 }],
    cost: plain,
  },
  slots: { limits: concurrency(3, leased), promised: [slots(3)], cost: () => undefined },
  all: {
    limits: {
      requests: window(10, "150ms"),
      tokens: window(30, "240ms", { parts: 6 }),
      pace: pace("80/s", { burst: 6 }),
      running: concurrency(3, leased),
    },
    promised: [
      span(10, 150, false),
      inParts(30, 240),
      { kind: "pace", perSecond: 80, burst: 6 },
      slots(3),
    ],
    // The pace counts admissions of one unit at least, and so the judge may count units there.
    cost: (units) => ({ requests: 1, tokens: units, pace: units, running: 1 }),
  },
  limiter: {
    limits: {
      each: window(6, "150ms"),
      total: window(9, "150ms", { per: "limiter" }),
      running: concurrency(4, { ...leased, per: "limiter" }),
    },
    promised: [span(6, 150), span(9, 150, true, true), slots(4, true)],
    cost: plain,
  },
};
