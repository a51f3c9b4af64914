/** Why it waits, in words and data. */

import type { Costs } from "./costs.ts";
import { isHeld } from "./limits/limit.ts";
import type { Plan } from "./limits/plan.ts";
import type { Refusal } from "./permit.ts";
import type { View } from "./stores/store.ts";
import { formatMicros } from "./time.ts";

/** What `explain` answers. */
export interface Explanation {
  /** The limit that binds a newcomer now; absent when nothing does. */
  readonly limit?: string;
  /** How many wait for the key before a newcomer. */
  readonly position: number;
  /** Milliseconds until a newcomer could pass at the earliest; absent when only a release helps. */
  readonly forecast?: number;
  /** What each limit promises. */
  readonly promises: Readonly<Record<string, string>>;
  /** Rates that cannot be reached, and waits that might never end, in sentences. */
  readonly warnings: readonly string[];
  /** All of it in sentences. */
  readonly text: string;
}

/** @param refusal - What a newcomer would be told now; nothing when it would pass. */
export function explain(
  plan: Plan,
  view: View,
  refusal: Refusal | undefined,
  position: number,
  ahead: Costs,
  breached: boolean,
): Explanation {
  const limit = refusal?.limit;
  const forecast = refusal ? refusal.retryAfter : 0;
  const promises: Record<string, string> = {};
  for (const rule of plan.rules) {
    rule.names.forEach((name, i) => {
      promises[name] = promiseOf(rule.written, i, plan.grace);
    });
  }
  const warnings = [...unreachable(plan), ...deadlock(plan, view, ahead)];
  const text = [
    limit === undefined
      ? breached
        ? "Everything is let through until reset()."
        : "It would pass now."
      : forecast === undefined
        ? `It waits for a release (${limit}).`
        : `It waits for ${limit}, at least ${forecast} ms.`,
    position > 0 ? `${position} wait before it.` : "Nobody waits before it.",
    ...Object.entries(promises).map(([name, promise]) => `${name}: ${promise}.`),
    ...warnings,
  ].join("\n");
  return {
    ...(limit === undefined ? {} : { limit }),
    position,
    ...(forecast === undefined ? {} : { forecast }),
    promises,
    warnings,
    text,
  };
}

type AnyLimit = Plan["rules"][number]["limit"];

function promiseOf(limit: AnyLimit, rate: number, grace: number): string {
  switch (limit.kind) {
    case "window": {
      const { count, span } = limit.rates[rate]!;
      return `never more than ${count} in any ${formatMicros(span)}`;
    }
    case "parts":
      return `never more than ${limit.count} in any ${formatMicros(limit.span)}, at up to 1/${limit.parts} less throughput`;
    case "pace": {
      // On a shared store the grace is longer by what is caught up, if anything is.
      const extra = limit.burst - 1 + (grace === 0 ? limit.catchUp : 0);
      return `at most ${extra === 0 ? "" : `${extra} + `}ceil(${limit.count}/${formatMicros(limit.span)} * ${grace === 0 ? "W" : `(W + ${formatMicros(grace)})`}) in any half-open W`;
    }
    case "quota":
      return `at most ${limit.count} per ${typeof limit.period === "string" ? `${limit.period} in ${limit.timeZone}` : formatMicros(limit.period)}, so up to ${2 * limit.count} around a border`;
    case "concurrency":
      return limit.cooldown === 0
        ? `never more than ${limit.slots} at once`
        : `never more than ${limit.slots} per ${formatMicros(limit.cooldown)} as the server sees it`;
    default:
      return limit.kind === "blocked" ? "nothing passes" : "everything passes";
  }
}

/** Rates that another limit makes unreachable, or that timers are too coarse for. */
function unreachable(plan: Plan): string[] {
  const warnings: string[] = [];
  for (const { written: limit, names } of plan.rules) {
    const name = names[0]!;
    if (limit.kind === "pace") {
      const interval = limit.micros / limit.units;
      const late = plan.grace === 0 ? limit.catchUp : plan.grace / interval;
      if (interval < 10_000 && limit.burst === 1 && late === 0) {
        warnings.push(
          `${name} cannot reach its rate: timers have whole milliseconds and come late; give it catchUp or a burst.`,
        );
      }
      const perSpan = limit.burst + late + limit.span / interval;
      if (perSpan > limit.count + 1) {
        warnings.push(
          `${name} can admit ${Math.ceil(perSpan - 1)} in ${formatMicros(limit.span)}; for never more than ${limit.count} use window(${limit.count}, "${formatMicros(limit.span)}").`,
        );
      }
    }
    if (limit.kind !== "window") continue;
    limit.rates.forEach((rate, i) => {
      const idle = limit.rates.some(
        (other) => other !== rate && other.count <= rate.count && other.span >= rate.span,
      );
      if (idle) warnings.push(`${names[i]} never binds: another window is tighter.`);
    });
  }
  return warnings.concat(
    plan.rules.some(({ kind }) => kind === "blocked")
      ? ["blocked lets nothing through until setLimits()."]
      : [],
  );
}

function deadlock(plan: Plan, view: View, ahead: Costs): string[] {
  const rule = plan.rules.findIndex(({ kind }) => kind === "concurrency");
  const holders = view.rates[rule]?.[0]!.used ?? 0;
  if (!isHeld(view.until) || holders === 0) return [];
  return [
    `${plan.rules[rule]!.names[0]} is held by ${holders} permits${ahead[rule]! > 0 ? `, and ${ahead[rule]} more slots are waited for` : ""}: whoever holds one and acquires again from the same limiter waits for itself.`,
  ];
}
