// What a hammer is told, and how its records are judged.
import { readFileSync } from "node:fs";
import { concurrency } from "../../src/limits/concurrency/builder.ts";
import { paceOf } from "../../src/limits/pace/builder.ts";
import type { LimitsInput } from "../../src/limits/plan.ts";
import { quota } from "../../src/limits/quota/builder.ts";
import { window } from "../../src/limits/window/window.ts";
import { type Admission, worstWindow } from "../../src/testing/window-oracle.ts";

export interface Order {
  readonly memory: SharedArrayBuffer | string;
  readonly log: string;
  readonly mix: string;
  readonly keys: number;
  readonly books: boolean;
  readonly millis: number;
  readonly seed: number;
  /** Threads begin together: a counter of those that are ready, and how many there will be. */
  readonly ready?: { readonly counter: SharedArrayBuffer; readonly of: number };
}

/** After so long the slot of a dead process returns. */
export const LEASE_MS = 60;

/** Limits by name: spans short enough to be passed often, and long enough for threads to meet. */
export const MIXES: Readonly<Record<string, LimitsInput>> = {
  window: window(40, 5),
  rates: [window(7, 1), window(40, 10), window(300, 100)],
  pace: paceOf(20_000, 1e6, { burst: 8 }),
  parts: window(200, 20, { parts: 5 }),
  exactly: window(5_000, "1h"),
  mixed: {
    a: window(30, 4),
    b: paceOf(30_000, 1e6, { burst: 20 }),
    c: concurrency(3, { lease: LEASE_MS }),
    d: quota(900, 50),
  },
  shared: {
    each: window(20, 4),
    all: window(50, 5, { per: "limiter" }),
    running: concurrency(3, { per: "limiter", lease: LEASE_MS }),
  },
};

export interface Granted extends Admission {
  readonly ticket: number;
  readonly key: number;
}

/** What the hammers were granted, in the order of their instants. */
export function recordsOf(logs: readonly string[]): Granted[] {
  const all = logs.flatMap((log) => {
    const bytes = readFileSync(log);
    const whole = bytes.length - (bytes.length % 32);
    const numbers = new Float64Array(new Uint8Array(bytes.subarray(0, whole)).buffer);
    return Array.from({ length: numbers.length / 4 }, (_, i): Granted => {
      const [at = 0, units = 0, ticket = 0, key = 0] = numbers.subarray(4 * i, 4 * i + 4);
      return { at, units, ticket, key };
    });
  });
  return all.sort((a, b) => a.at - b.at);
}

/** The first promise of a mix that the records break. */
export function breachOf(mix: string, records: readonly Granted[]): string | undefined {
  const over = (what: string, each: readonly Granted[], most: number, ms: number): string[] => {
    const worst = worstWindow(each, ms * 1e3);
    return worst.units > most
      ? [`${what}: ${worst.units} of ${most} in ${ms} ms from ${worst.from} to ${worst.to}`]
      : [];
  };
  const releases = new Map(
    records
      .filter(({ units }) => units === 0)
      .map((each) => [`${each.key} ${each.ticket}`, each.at]),
  );
  const granted = records.filter(({ units }) => units > 0);
  const held = (what: string, each: readonly Granted[]): string[] => {
    const most = mostHeld(
      each.map(({ at, key, ticket }) => {
        const leased = at + LEASE_MS * 1e3;
        return { from: at, to: Math.min(leased, releases.get(`${key} ${ticket}`) ?? leased) };
      }),
    );
    return most > 3 ? [`${what}: ${most} of 3 slots are held at once`] : [];
  };
  const keys = [...new Set(granted.map(({ key }) => key))];
  const found = keys.flatMap((key) => {
    const own = granted.filter((each) => each.key === key);
    const tickets = new Set(own.map(({ ticket }) => ticket));
    if (tickets.size !== own.length) return ["a ticket was given twice"];
    switch (mix) {
      case "window":
        return over("window", own, 40, 5);
      case "rates":
        return [...over("1", own, 7, 1), ...over("2", own, 40, 10), ...over("3", own, 300, 100)];
      case "pace":
        return [1, 10, 100].flatMap((ms) => over("pace", own, 7 + 20 * ms, ms));
      case "parts":
        return over("parts", own, 200, 20);
      case "exactly":
        return over("exactly", own, 5_000, 3_600_000);
      case "mixed":
        return [
          ...over("window", own, 30, 4),
          ...over("pace", own, 19 + 300, 10),
          ...held("slots", own),
        ];
      default:
        return over("each", own, 20, 4);
    }
  });
  if (mix === "shared") found.push(...over("all", granted, 50, 5), ...held("slots", granted));
  return found[0];
}

/** How many intervals overlap at the most. */
function mostHeld(intervals: readonly { readonly from: number; readonly to: number }[]): number {
  const events = intervals.flatMap(({ from, to }) => [
    { at: from, step: 1 },
    { at: to, step: -1 },
  ]);
  // Who releases makes room for who takes at the same instant.
  events.sort((a, b) => a.at - b.at || a.step - b.step);
  let now = 0;
  return events.reduce((most, { step }) => Math.max(most, (now += step)), 0);
}
