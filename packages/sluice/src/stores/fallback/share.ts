/** What holds in this process while the store fails: a share of each limit, or nothing at all. */

import { capacityOf } from "../../limits/algorithm.ts";
import type { AnyLimit, PaceLimit } from "../../limits/limit.ts";
import type { Plan } from "../../limits/plan.ts";

/** When the plan came into force, on the clock of the local ledger. */
export interface InForce {
  readonly since: number;
  readonly sinceWall: number;
}

/** What one rate of a limit holds; only windows have several. */
export function countOf(limit: AnyLimit, rate: number): number {
  return limit.kind === "window" ? limit.rates[rate]!.count : capacityOf(limit);
}

/** Every count of the plan divided by `parts`, and at least 1. */
export function shareOf(plan: Plan, parts: number, inForce: InForce): Plan {
  return adapted(plan, inForce, (limit) => shared(limit, parts));
}

/** Everything passes but what passes never. */
export function withoutLimits(plan: Plan, inForce: InForce): Plan {
  return adapted(plan, inForce, (limit) => {
    const { per, defaultCost } = limit;
    return limit.kind === "blocked" ? limit : { kind: "unlimited", per, defaultCost };
  });
}

function adapted(plan: Plan, inForce: InForce, adapt: (limit: AnyLimit) => AnyLimit): Plan {
  const rules = plan.rules.map((rule) => {
    const limit = adapt(rule.limit);
    return { ...rule, kind: limit.kind, limit, grows: rule.grows && limit.kind === rule.kind };
  });
  return { ...plan, ...inForce, rules };
}

function shared(limit: AnyLimit, parts: number): AnyLimit {
  const part = (count: number): number => Math.max(1, Math.floor(count / parts));
  switch (limit.kind) {
    case "window": {
      const rates = limit.rates.map(({ count, span }) => ({ count: part(count), span }));
      return { ...limit, rates, most: part(limit.most) };
    }
    case "parts":
    case "quota":
      return { ...limit, count: part(limit.count) };
    case "pace":
      return {
        ...limit,
        ...slower(limit, parts),
        burst: part(limit.burst),
        catchUp: Math.floor(limit.catchUp / parts),
      };
    case "concurrency":
      // Nobody outlives a ledger in memory, so its slots need no lease.
      return { ...limit, slots: part(limit.slots), lease: 0 };
    default:
      return limit;
  }
}

/** Products of intervals must stay exact integers. */
const MOST = 2 ** 52;

/** `parts` times the interval, rounded up. */
function slower({ micros, units }: PaceLimit, parts: number): Pick<PaceLimit, "micros" | "units"> {
  const stretched = Math.ceil(micros * parts);
  if (stretched <= MOST) return { micros: stretched, units };
  return { micros: Math.min(MOST, Math.ceil((micros / units) * parts)), units: 1 };
}
