// The shortest way of a step leaves to the general one what it does not know.
import { expect, test } from "vitest";
import { memoryOf, threadOver } from "../../../test/shared-memory/threads-of-one.ts";
import { compile, type LimitsInput } from "../../limits/plan.ts";
import { manualClock } from "../../testing/manual-clock.ts";
import { askFor } from "../store.ts";

const MINUTE = 60_000;

test.each<LimitsInput>(["5/1h", "5/1h burst 5"])(
  "%j: a clock that was set far back is believed, and a little is not",
  (limits) => {
    const clock = manualClock({ now: 1_000_000, wall: Date.UTC(2026, 0, 1) });
    const { ledger } = threadOver(memoryOf(131_072), clock);
    const plan = compile(limits, 0, { now: 0, wall: 0 });
    const take = (): number => {
      const ask = askFor("k", plan, [[1]]);
      const { admitted, instants } = ledger.reserve(ask);
      return admitted === 1 ? instants[0]! / 1e3 : Number.NaN;
    };
    const start = clock.wall();
    expect([take(), take()]).toEqual([start, start]);
    clock.setWall(start - MINUTE);
    expect(take()).toBe(start);
    clock.setWall(start - MINUTE - 1);
    expect(take()).toBe(start - MINUTE - 1);
  },
);
