// The memory ledger keeps every promise of every limit, whatever is booked, deferred to the end of a
// turn, cancelled, settled and released: judged by when callers really ran and what they really used.
import fc from "fast-check";
import { expect, test } from "vitest";
import { gapOf } from "../../../test/limits/history.ts";
import { LedgerKit, mostOf, type Pass, planBreach } from "../../../test/limits/ledger-kit.ts";
import { chosen, costsOf, type Deed, deeds, type Mix, mixes } from "../../../test/limits/mixes.ts";

const FAR = 1e12;

/** When each caller runs: at its instant, at the end of its turn, or in between. */
const RUNS: readonly ((pass: Pass, i: number) => number)[] = [
  ({ at }) => at,
  ({ at, end = at }) => end,
  ({ at, end = at }, i) => (i % 2 === 0 ? at : end),
  ({ at, end = at }, i) => at + Math.floor(((end - at) * (i % 5)) / 4),
];

/** Does the deeds in order; what passed is returned when the last turn has ended. */
function perform(kit: LedgerKit, mix: Mix, done: readonly Deed[]): Pass[] {
  const plan = kit.plan(mix);
  const most = mostOf(plan);
  const passes: Pass[] = [];
  /** When the turn began in which somebody waits to run; absent between turns. */
  let turn: number | undefined;
  const endTurn = (): void => {
    const end = kit.ledger.endTurn();
    for (const pass of passes) if (pass.deferred) pass.end ??= end;
    turn = undefined;
  };
  for (const deed of done) {
    const { limit } = chosen(deed, plan.rules)!;
    const now = kit.ledger.now();
    const ran = passes.filter(
      ({ at, end, deferred }) => at <= now && (!deferred || end !== undefined),
    );
    if (deed.kind < 2) kit.block(gapOf(limit, { ...deed, cost: 0, choice: 0 }));
    else if (deed.kind < 8) {
      // A caller that goes on at once would overtake those who run at the end of the turn, and a
      // booking would promise an instant before they ran.
      const deferred = deed.kind < 5 || (turn !== undefined && turn < now);
      const maxWait = turn === undefined && deed.kind === 7 && !plan.hasConcurrency ? FAR : 0;
      const pass = kit.pass(plan, costsOf(deed, most), { key: deed.key, deferred, maxWait });
      if (!pass) continue;
      passes.push(pass);
      if (deferred) turn ??= now;
    } else if (deed.kind === 8) endTurn();
    else if (deed.kind === 9) {
      const pass = chosen(
        deed,
        passes.filter(({ at, settled }) => at > now && !settled),
      );
      if (pass) kit.cancel(pass);
    } else if (deed.kind === 10) {
      const pass = chosen(
        deed,
        ran.filter(({ settled }) => !settled),
      );
      // Slots are not settled, but released.
      const taken = pass?.costs.map((cost, i) =>
        plan.rules[i]!.limit.kind === "concurrency" ? cost : deed.costs[i]! % (cost + 1),
      );
      if (pass && taken) kit.settle(pass, taken);
    } else {
      const pass = chosen(
        deed,
        ran.filter(({ until }) => until === undefined),
      );
      if (pass && !lost(pass, now)) kit.release(pass);
    }
  }
  endTurn();
  return passes;
}

/** Whether a lease of it ended. */
function lost({ plan, at }: Pass, now: number): boolean {
  return plan.rules.some(
    ({ limit }) => limit.kind === "concurrency" && limit.lease > 0 && now >= at + limit.lease,
  );
}

test("whatever happens, whenever the callers of a turn run", () => {
  fc.assert(
    fc.property(mixes, deeds, (mix, done) => {
      const kit = new LedgerKit();
      const passes = perform(kit, mix, done);
      const plan = kit.plan(mix);
      // A lease counts from its commit, whenever its holder runs; this store gives none.
      const leased = plan.rules.some(
        ({ limit }) => limit.kind === "concurrency" && limit.lease > 0,
      );
      for (const runsAt of leased ? RUNS.slice(0, 1) : RUNS) {
        expect(planBreach(plan, passes, kit.wallOffset, runsAt)).toBeUndefined();
      }
    }),
    { numRuns: 1000 },
  );
});
