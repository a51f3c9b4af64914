/** Random limits, and random things that happen to a budget under them. */

import { capacityOf } from "../../limits/algorithm.ts";
import { concurrency } from "../../limits/concurrency/builder.ts";
import type { AnyLimit } from "../../limits/limit.ts";
import { paceOf } from "../../limits/pace/builder.ts";
import type { Plan } from "../../limits/plan.ts";
import { quota } from "../../limits/quota/builder.ts";
import { window } from "../../limits/window/window.ts";
import type { Random } from "./random.ts";

/** Spans in microseconds: short ones whose borders are hit all the time where time stands still. */
const STILL_SPANS = [1, 7, 40, 300, 2_000, 1e6, 60e6, 3600e6];
const REAL_SPANS = [700, 2_000, 5_000, 20_000, 1e6, 3600e6];

/** Counts per microseconds whose interval is whole, and more whose interval is not. */
const RATES = [
  [1, 10],
  [1, 17],
  [3, 31],
  [7, 1e6],
  [1_000_000, 7 * 3600e6],
  [999_983, 7 * 3600e6],
  [99_991, 1e6],
  [1_000, 1e6],
  [1, 86_400e6],
] as const;

/** One to three limits by name, of a key or of the whole limiter. */
export function randomLimits(random: Random, still: boolean): Record<string, AnyLimit> {
  const limits: Record<string, AnyLimit> = {};
  for (const name of ["a", "b", "c"].slice(0, random.whole(1, 3))) {
    const per = random.chance(0.3) ? "limiter" : "key";
    limits[name] = { ...randomLimit(random, still), per };
  }
  return limits;
}

function randomLimit(random: Random, still: boolean): AnyLimit {
  const ms = (): number => random.of(still ? STILL_SPANS : REAL_SPANS) / 1e3;
  switch (random.of(["window", "window", "rates", "parts", "pace", "pace", "quota", "slots"])) {
    case "window":
      return window(random.whole(1, 9), ms());
    case "rates":
      return rates(random, ms);
    case "parts":
      return window(random.of([3, 17, 40, 1_000_000, 2 ** 40 + 1]), ms(), {
        parts: random.whole(2, 7),
      });
    case "pace": {
      const [count, span] = random.of(RATES);
      const catchUp = random.chance(0.5) ? random.whole(1, 5) : 0;
      return paceOf(count, span, { burst: random.whole(1, 6), catchUp });
    }
    case "quota":
      return quota(random.whole(1, 6), ms(), { anchor: random.of([0, 1, -7]) });
    default:
      return concurrency(random.whole(1, 5), {
        cooldown: still ? random.of([0, 0.001, 0.03]) : 0,
        lease: random.of([0, 0, 0.05, 3]),
      });
  }
}

/** Several rates in one ring. */
function rates(random: Random, ms: () => number): AnyLimit {
  const each = Array.from({ length: random.whole(2, 3) }, () => ({
    count: random.whole(1, 9),
    span: Math.ceil(ms() * 1e3),
  }));
  return {
    kind: "window",
    rates: each,
    most: Math.max(...each.map(({ count }) => count)),
    widest: Math.max(...each.map(({ span }) => span)),
    per: "key",
    defaultCost: 1,
  };
}

/** What an ask takes of each rule: from nothing to all, in fractions where those go. */
export function randomCosts(random: Random, plan: Plan): number[] {
  return plan.rules.map(({ limit }) => {
    const most = Math.min(capacityOf(limit), 1_000_000);
    const cost = random.whole(0, random.chance(0.7) ? Math.min(2, most) : most);
    const fractional = limit.kind === "pace" || limit.kind === "parts";
    return fractional && cost > 0 && random.chance(0.2) ? cost - 0.25 : cost;
  });
}

/** A time in which something may change under one of the rules, in microseconds. */
export function randomGap(random: Random, plan: Plan, still: boolean): number {
  if (!still) return random.whole(0, 4_000);
  const span = spanOf(random.of(plan.rules).limit);
  return random.of([
    0,
    random.whole(0, 12),
    Math.floor((random.next() * span) / 8),
    Math.floor(random.next() * span),
    span,
  ]);
}

function spanOf(limit: AnyLimit): number {
  switch (limit.kind) {
    case "window":
      return limit.widest;
    case "parts":
      return limit.span + limit.part;
    case "pace":
      return Math.ceil((limit.burst * limit.micros) / limit.units);
    case "quota":
      return typeof limit.period === "number" ? limit.period : 86_400e6;
    case "concurrency":
      return limit.cooldown + limit.lease + 3;
    default:
      return 1;
  }
}
