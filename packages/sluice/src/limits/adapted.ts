/** Plans as the kind of store needs them. */

import type { AnyLimit } from "./limit.ts";
import { paddedLimit } from "./padded.ts";
import { catchUpMicros } from "./pace/pace.ts";
import type { Plan, Rule } from "./plan.ts";
import { fewOf } from "./shortcuts.ts";

/**
 * In one process nothing dies apart from its holders: leases have no meaning there. What is decided in
 * it has the short way.
 */
export function inOneProcess(plan: Plan): Plan {
  const rules = adapted(plan, (limit) =>
    limit.kind === "concurrency" && limit.lease > 0 ? { ...limit, lease: 0 } : limit,
  );
  return { ...plan, rules, few: fewOf(rules) };
}

/**
 * Whoever holds an instant runs up to `grace` microseconds after it, so windows are padded by that.
 * A pace is not: it would lose the grace at every unit, and promises its rate over W + grace instead.
 * Where nothing else binds, `catchUp` makes up for instants that were missed: they may be taken that
 * much later.
 */
export function withGrace(plan: Plan, grace: number): Plan {
  const rules = adapted(plan, (limit) =>
    limit.kind === "pace" ? limit : paddedLimit(limit, grace),
  );
  const catchUp = Math.min(...plan.rules.map(({ limit }) => catchUpOf(limit)));
  return { ...plan, rules, grace: grace + catchUp };
}

/** How much later than its grace an instant may be taken, in microseconds. */
function catchUpOf(limit: AnyLimit): number {
  return limit.kind === "pace" ? catchUpMicros(limit) : 0;
}

function adapted({ rules }: Plan, adapt: (limit: AnyLimit) => AnyLimit): Rule[] {
  return rules.map((rule) => {
    const limit = adapt(rule.limit);
    return limit === rule.limit ? rule : { ...rule, limit };
  });
}
