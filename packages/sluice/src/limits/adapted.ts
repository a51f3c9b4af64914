/** Plans as the kind of store needs them. */

import type { AnyLimit } from "./limit.ts";
import type { Plan } from "./plan.ts";

/** In one process nothing dies apart from its holders: leases have no meaning there. */
export function withoutLeases(plan: Plan): Plan {
  return adapted(plan, (limit) =>
    limit.kind === "concurrency" && limit.lease > 0 ? { ...limit, lease: 0 } : limit,
  );
}

/**
 * Whoever holds an instant runs up to `grace` microseconds after it, so windows are padded by that.
 * A pace is not: it would lose the grace at every unit, and promises its rate over W + grace instead.
 * Where nothing else binds, `catchUp` makes up for instants that were missed: they may be taken that
 * much later.
 */
export function withGrace(plan: Plan, grace: number): Plan {
  const padded = adapted(plan, (limit) => {
    switch (limit.kind) {
      case "window":
        return {
          ...limit,
          rates: limit.rates.map(({ count, span }) => ({ count, span: span + grace })),
          widest: limit.widest + grace,
        };
      case "parts": {
        const span = limit.span + grace;
        return { ...limit, span, part: Math.ceil(span / limit.parts) };
      }
      case "quota":
        return { ...limit, guard: limit.guard + grace };
      default:
        return limit;
    }
  });
  return { ...padded, grace: grace + Math.min(...plan.rules.map(({ limit }) => catchUpOf(limit))) };
}

/** How much later than its grace an instant may be taken, in microseconds. */
function catchUpOf(limit: AnyLimit): number {
  return limit.kind === "pace" ? Math.floor((limit.catchUp * limit.micros) / limit.units) : 0;
}

function adapted(plan: Plan, adapt: (limit: AnyLimit) => AnyLimit): Plan {
  const rules = plan.rules.map((rule) => ({ ...rule, limit: adapt(rule.limit) }));
  return rules.every(({ limit }, i) => limit === plan.rules[i]!.limit) ? plan : { ...plan, rules };
}
