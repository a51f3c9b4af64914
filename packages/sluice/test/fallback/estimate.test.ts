// What the fallback knows of the store's clock while the store fails: an answer that took long, or whose
// process stood still, does not make it less exact than it was.
import { expect, test } from "vitest";
import { compile } from "../../src/limits/plan.ts";
import { manualClock } from "../../src/testing/index.ts";
import { farStore } from "../shared/far-store.ts";
import { guarded } from "./server.ts";
import { scopeOf } from "../scope.ts";
import { askFor } from "../../src/stores/store.ts";

test.each([0, 200])("after an answer that took %i ms", async (took) => {
  const clock = manualClock();
  const far = farStore(clock);
  const ledger = guarded(far, { onFailure: { share: 1 } }).open(scopeOf({ clock }));
  const plan = compile("50/1s", 0, { now: 0, wall: 0 });
  const ask = askFor("k", plan, [[1]]);
  const from = clock.now();
  const first = await ledger.reserve(ask);
  far.back = () => took;
  const slow = ledger.peek(ask, undefined);
  await clock.advance(took);
  await slow;
  far.failure = new Error("gone");
  const local = await ledger.reserve(ask);
  expect(local.tickets[0]).toBeLessThan(0);
  expect(local.now - first.now).toBe(clock.now() - from);
  await ledger.close();
});
