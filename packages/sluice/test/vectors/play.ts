/** Plays vectors on a store, each at its own times, and compares the instants. */

import { expect } from "vitest";
import type { Clock } from "../../src/clock.ts";
import { type Earliest, isHeld, NEVER } from "../../src/limits/limit.ts";
import { compile } from "../../src/limits/plan.ts";
import type { Store } from "../../src/stores/store.ts";
import type { Vector } from "./vector.ts";
import { scopeOf } from "../scope.ts";

/** Further ahead than any vector books. */
const FAR = 1e12;

let played = 0;

/** @param open - A store whose time is that of the clock. */
export async function playOn(
  open: (clock: Clock) => Store,
  { limit, steps }: Vector,
): Promise<void> {
  let now = steps[0]!.now;
  const clock: Clock = {
    now: () => now,
    exact: true,
    wall: () => now / 1e3,
    setTimer: () => () => undefined,
  };
  const ledger = open(clock).open(scopeOf({ name: `vector ${played++}`, clock }));
  const plan = compile(limit, 0, { now, wall: now });
  // Slots are taken when they are there, and not booked.
  const maxWait = limit.kind === "concurrency" ? 0 : FAR;
  const booked = new Map<number, { readonly ticket: number; readonly at: number }>();
  for (const [i, step] of steps.entries()) {
    now = step.now;
    if ("of" in step) {
      const { ticket, at } = booked.get(step.of)!;
      const used = { taken: [step.cost], actual: [step.actual] };
      await ledger.amend([{ kind: "settle", key: "k", plan, ticket, at, ...used }]);
      continue;
    }
    const { cost, since, earliest } = step;
    const ask = { key: "k", plan, costs: [[cost]], maxWait, since, deferred: false };
    const answer = await ledger.reserve(ask);
    const told = answer.admitted === 1 ? answer.instants[0]! : answer.until;
    expect([i, answer.now, told]).toEqual([i, now, instantOf(earliest, now)]);
    if (answer.admitted === 1) booked.set(i, { ticket: answer.tickets[0]!, at: told });
  }
  await ledger.close();
}

/** Who is late may count as made a little before now, but nobody passes before it. */
function instantOf(earliest: Earliest | "never", now: number): Earliest {
  if (earliest === "never") return NEVER;
  return isHeld(earliest) ? earliest : Math.max(now, earliest);
}
