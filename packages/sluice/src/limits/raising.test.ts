// Raising is always safe: those whom a turn admitted run at any time until it ends, and the promise
// is about when they run. What is raised never gives room earlier.
import fc from "fast-check";
import { expect, test } from "vitest";
import { GrowingState } from "../../test/limits/growing-state.ts";
import {
  costOf,
  gapOf,
  momentAt,
  probes,
  starts,
  type Step,
  walls,
} from "../../test/limits/history.ts";
import { TIMED_LIMITS } from "../../test/limits/limit-arbitraries.ts";
import { type Admitted, breach } from "../../test/limits/promise.ts";
import type { AnyLimit } from "./limit.ts";

/** Turns: what is asked for in each; its last step also is how long the event loop is blocked then. */
const turns: fc.Arbitrary<Step[][]> = fc.array(probes, { minLength: 1, maxLength: 8, size: "max" });

interface Ran {
  readonly at: number;
  /** When the turn ended. */
  readonly end: number;
  readonly units: number;
}

/** Plays turns. Whom a turn admitted has not run when it asks again, so all are raised before. */
function playTurns(
  limit: AnyLimit,
  asked: readonly (readonly Step[])[],
  start: number,
  wallOffset: number,
): { ran: Ran[]; state: GrowingState } {
  const state = new GrowingState(limit);
  const ran: Ran[] = [];
  let now = start;
  for (const turn of asked) {
    const passed: Admitted[] = [];
    const raise = (): void => {
      const units = passed.reduce((sum, each) => sum + each.units, 0);
      if (units > 0) state.raise(passed[0]!.at, units, momentAt(now, wallOffset));
    };
    for (const step of turn) {
      now += gapOf(limit, step);
      const cost = costOf(limit, step);
      raise();
      if (state.earliest(cost, momentAt(now, wallOffset)) !== now) continue;
      state.commit(cost, now, momentAt(now, wallOffset));
      passed.push({ at: now, units: cost });
    }
    now += gapOf(limit, turn.at(-1)!);
    raise();
    for (const { at, units } of passed) ran.push({ at, units, end: now });
  }
  return { ran, state };
}

/** When each caller runs: at its commit, at the end of its turn, or in between. */
const RUNS: readonly ((ran: Ran, i: number) => number)[] = [
  ({ at }) => at,
  ({ end }) => end,
  ({ at, end }, i) => (i % 2 === 0 ? at : end),
  ({ at, end }, i) => at + Math.floor(((end - at) * (i % 5)) / 4),
];

test.each(TIMED_LIMITS)("%s: whenever the callers of a turn run", (_name, limits, share) => {
  fc.assert(
    fc.property(limits, turns, starts, walls, (limit, asked, start, wall) => {
      const wallOffset = wall * 1e3 - start;
      const { ran } = playTurns(limit, asked, start, wallOffset);
      for (const runsAt of RUNS) {
        const admitted = ran.map((each, i) => ({ at: runsAt(each, i), units: each.units }));
        expect(breach(limit, admitted, wallOffset)).toBeUndefined();
      }
    }),
    { numRuns: share * 400 },
  );
});

test.each(TIMED_LIMITS)("%s: raising gives no room earlier", (_name, limits, share) => {
  fc.assert(
    fc.property(limits, turns, probes, starts, walls, (limit, asked, looks, start, wall) => {
      const wallOffset = wall * 1e3 - start;
      const { ran, state } = playTurns(limit, asked, start, wallOffset);
      const last = ran.at(-1);
      if (last === undefined) return;
      const [first, ...rest] = ran.filter(({ end }) => end === last.end);
      const units = rest.reduce((sum, each) => sum + each.units, first!.units);
      const raised = state.clone();
      let now = last.end + 1000;
      raised.raise(first!.at, units, momentAt(now, wallOffset));
      for (const step of looks) {
        now += gapOf(limit, step);
        const moment = momentAt(now, wallOffset);
        const cost = costOf(limit, step);
        expect(raised.earliest(cost, moment)).toBeGreaterThanOrEqual(state.earliest(cost, moment));
      }
    }),
    { numRuns: share * 250 },
  );
});
