/** Long logs, replayed through the pure functions, for every store whose server decides. */

import fc from "fast-check";
import { expect } from "vitest";
import type { WindowLimit } from "../../src/limits/limit.ts";
import { compile, type Plan } from "../../src/limits/plan.ts";
import { window } from "../../src/limits/window/window.ts";
import { askFor, type Ask, type Ledger } from "../../src/stores/store.ts";
import { type ManualClock, manualClock } from "../../src/testing/manual-clock.ts";
import { GrowingState } from "../limits/growing-state.ts";

const plan = compile([window(150, 1), window(400, 20)], 0, { now: 0, wall: 0 });
const limit = plan.rules[0]!.limit as WindowLimit;

/** What happens to one key. */
interface Step {
  gap: number;
  costs: number[];
  maxWait: number;
  giveBack: number;
}

export const traces: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    gap: fc.oneof(fc.constant(0), fc.nat({ max: 3_000 }), fc.constant(30_000)),
    costs: fc.oneof(
      fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 4 }),
      fc.tuple(fc.integer({ min: 1, max: 9 }), fc.nat({ max: 40 })).map(same),
    ),
    maxWait: fc.constantFrom(0, 0, 5_000, 1e9),
    giveBack: fc.nat({ max: 9 }),
  }),
  { minLength: 10, maxLength: 40 },
);

function same([cost, more]: [number, number]): number[] {
  return Array<number>(1 + more).fill(cost);
}

/** A trace in a ledger whose server has the time of `clock`: every answer is that of the pure functions. */
export async function replay(
  trace: readonly Step[],
  ledger: Ledger<false>,
  clock: ManualClock,
): Promise<void> {
  const twin = new GrowingState(limit);
  const admitted: { at: number; ticket: number; cost: number }[] = [];
  for (const { gap, costs, maxWait, giveBack } of trace) {
    clock.block(gap / 1e3);
    const now = Math.round(clock.wall() * 1e3);
    const moment = { now, wall: now, since: now };
    const asked = costs.map((each) => [each]);
    const answer = await ledger.reserve(askOf(plan, asked, maxWait));
    const instants: number[] = [];
    for (const cost of costs) {
      const at = twin.earliest(cost, moment);
      if (at > now + maxWait) {
        expect(answer.until).toBe(at);
        break;
      }
      twin.commit(cost, at, moment);
      admitted.push({ at, ticket: answer.tickets[instants.length]!, cost });
      instants.push(at);
    }
    expect(answer.instants).toEqual(instants);
    const back = giveBack < 5 ? admitted.splice(giveBack % (admitted.length || 1), 1)[0] : null;
    if (!back) continue;
    const { at, ticket, cost } = back;
    const settled = { plan, ticket, at, taken: [cost], actual: [cost >> 1] };
    await ledger.amend([{ kind: "settle", key: "k", ...settled }]);
    twin.refund(cost - (cost >> 1), cost, at, moment);
  }
}

const day = compile(window(10_000, "1d"), 0, { now: 0, wall: 0 });

/** Takes a day's 10,000 in hundreds, a millisecond apart; with it, the ask for one hundred more. */
export async function takeADay(ledger: Ledger<false>, clock: ManualClock): Promise<Ask> {
  const hundred = askOf(
    day,
    Array.from({ length: 100 }, () => [1]),
    0,
  );
  for (let i = 0; i < 100; i++) {
    expect((await ledger.reserve(hundred)).admitted).toBe(100);
    clock.block(1);
  }
  return hundred;
}

/** A clock for the server, at a wall time of these days. */
export function serverClock(): ManualClock {
  return manualClock({ now: 0, wall: Date.UTC(2026, 0, 1) });
}

function askOf(of: Plan, costs: readonly (readonly number[])[], maxWait: number): Ask {
  return askFor("k", of, costs, maxWait);
}
