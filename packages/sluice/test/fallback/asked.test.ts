// The system may stop a process between any two of its steps. How old an answer is that the fallback gives
// is reckoned from before it was decided, never from after it.
import { expect, test } from "vitest";
import { compile } from "../../src/limits/plan.ts";
import { manualClock } from "../../src/testing/index.ts";
import { farStore } from "../shared/far-store.ts";
import { guarded } from "./server.ts";
import { scopeOf } from "../scope.ts";
import { askFor } from "../../src/stores/store.ts";

const READS = Array.from({ length: 12 }, (_, i) => i + 1);

test.each(READS)("stopped after read %i of the clock", async (which) => {
  const clock = manualClock();
  let left = Number.POSITIVE_INFINITY;
  const stopping = {
    ...clock,
    now: (): number => {
      const now = clock.now();
      if (--left === 0) clock.block(100);
      return now;
    },
  };
  const far = farStore(clock);
  far.failure = new Error("gone");
  const ledger = guarded(far, { onFailure: { share: 1 } }).open(scopeOf({ clock: stopping }));
  const plan = compile("5/1s", 0, { now: 0, wall: 0 });
  const ask = askFor("k", plan, [[1]]);
  const before = await ledger.reserve(ask);
  left = which;
  const answer = await ledger.reserve(ask);
  expect(answer.admitted).toBe(1);
  // Both by the clock of the process, which is behind the store's by the same as before.
  expect(answer.now - answer.asked!).toBeGreaterThanOrEqual(before.now - before.asked!);
  await ledger.close();
});
