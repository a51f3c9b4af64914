/** Cases: slots, their leases and their tickets. */

import { concurrency } from "../../limits/concurrency/builder.ts";
import { heldUntil, isHeld } from "../../limits/limit.ts";
import { window } from "../../limits/window/window.ts";
import type { Budget } from "./budget.ts";
import { check, checkEqual } from "./check.ts";
import { DEFAULT_LEASE } from "../../limits/limit.ts";

type Cases = Readonly<Record<string, (budget: Budget) => Promise<void>>>;

export const slotCases: Cases = {
  "slots are held until they are released": async (budget) => {
    const plan = await budget.plan({ running: concurrency(2), rate: window(9, "1h") });
    const [a, b] = [await budget.admit(plan), await budget.admit(plan)];
    const until = await budget.refused(plan);
    check(isHeld(until), `until must be held while all slots are; got ${until}`);
    check(heldUntil(until) >= b.at, "held, and not before an instant that has passed");
    await budget.release(a);
    const c = await budget.admit(plan);
    check(isHeld(await budget.refused(plan)), "a slot that was taken again is held");
    check(c.ticket > b.ticket && b.ticket > a.ticket, "tickets must rise");
    // What is released does not come back, and the other limit keeps what it took.
    checkEqual((await budget.peek(plan, 0)).rates[1]![0]!.used, 3, "what the window has taken");
  },

  "several slots at once come back together": async (budget) => {
    const plan = await budget.plan(concurrency(3));
    const many = await budget.admit(plan, 3);
    await budget.release(many);
    await budget.admit(plan, 2);
    await budget.admit(plan, 1);
    await budget.refused(plan, 1);
  },

  "a settlement gives slots back, too": async (budget) => {
    const plan = await budget.plan(concurrency(3));
    const many = await budget.admit(plan, 3);
    await budget.settle(many, [1]);
    await budget.admit(plan, 2);
    await budget.refused(plan, 1);
  },

  "a released slot cools down": async (budget) => {
    const plan = await budget.plan(concurrency(1, { cooldown: 30 }));
    const first = await budget.admit(plan);
    const before = await budget.ledger.now();
    await budget.release(first);
    const after = await budget.ledger.now();
    const answer = await budget.ask(plan);
    if (answer.admitted > 0) {
      check(!budget.still, "a slot must not be free before it has cooled down");
      return;
    }
    const released = answer.until - 30_000;
    check(released >= before && released <= after, "until must be 30 ms after the release");
    await budget.reach(answer.until);
    await budget.admit(plan);
  },

  "a release of what is not held does nothing": async (budget) => {
    const plan = await budget.plan(concurrency(1));
    const first = await budget.admit(plan);
    await budget.release(first);
    const second = await budget.admit(plan);
    await budget.release(first);
    check(isHeld(await budget.refused(plan)), "the slot of another must stay held");
    await budget.release({ ...second, key: "nobody" });
    check(isHeld(await budget.refused(plan)), "a release with another key must free nothing");
  },

  "slots of the whole limiter are released by whichever key": async (budget) => {
    const plan = await budget.plan(concurrency(2, { per: "limiter" }));
    const x = await budget.admit(plan, 1, { key: "x" });
    const y = await budget.admit(plan, 1, { key: "y" });
    check(x.ticket !== y.ticket, "tickets of one limiter's slots must differ");
    check(isHeld(await budget.refused(plan, 1, { key: "z" })), "both must be held");
    await budget.release(x);
    const z = await budget.admit(plan, 1, { key: "z" });
    check(z.ticket > y.ticket, "tickets must rise over keys");
    check(isHeld(await budget.refused(plan, 1, { key: "x" })), "both must be held again");
  },

  "a lease that ends gives the slot back": async (budget) => {
    if (!budget.shared) return;
    // Longer than a busy machine takes for the calls.
    const plan = await budget.plan(concurrency(1, { lease: 300 }));
    const first = await budget.admit(plan);
    check(isHeld(await budget.refused(plan)), "the slot must be held");
    await budget.reach(first.at + 300_000);
    const second = await budget.admit(plan);
    check(second.ticket > first.ticket, "the next holder's ticket must be higher");
    await budget.release(first);
    check(isHeld(await budget.refused(plan)), "who lost its lease must free nothing");
    checkEqual(await budget.renew(first), [first.ticket], "the tickets whose lease is lost");
    checkEqual(await budget.renew(second), [], "the tickets whose lease is lost");
  },

  "a lease that is renewed goes on": async (budget) => {
    if (!budget.shared) return;
    const plan = await budget.plan(concurrency(1, { lease: 300 }));
    const first = await budget.admit(plan);
    await budget.pass(200_000);
    checkEqual(await budget.renew(first), [], "the tickets whose lease is lost");
    const renewed = await budget.ledger.now();
    await budget.reach(first.at + 300_000);
    check(isHeld(await budget.refused(plan)), "the slot must still be held");
    await budget.reach(renewed + 300_000);
    await budget.admit(plan);
  },

  "a lease is lost only where something is held": async (budget) => {
    if (!budget.shared) return;
    const lease = 300;
    const plan = await budget.plan({
      a: concurrency(2, { lease }),
      b: concurrency(1, { lease: 60_000 }),
      c: concurrency(2, { per: "limiter", lease: 60_000 }),
    });
    const first = await budget.admit(plan, [0, 1, 0]);
    checkEqual(await budget.renew(first), [], "the tickets whose lease is lost");
    check(isHeld(await budget.refused(plan, [0, 1, 0])), "the slot must still be held");
    await budget.release(first);
    const second = await budget.admit(plan, [2, 1, 1]);
    await budget.settle(second, [0, 1, 1]);
    checkEqual(await budget.renew(second, [0, 1, 1]), [], "the tickets whose lease is lost");
    await budget.release(second);
    const third = await budget.admit(plan, [2, 1, 1]);
    await budget.reach(third.at + lease * 1e3);
    await budget.admit(plan, [2, 0, 0]);
    checkEqual([...new Set(await budget.renew(third))], [third.ticket], "what lost one of three");
  },

  "a limit without a lease gets one where holders can die": async (budget) => {
    if (!budget.shared || !budget.still) return;
    const plan = await budget.plan(concurrency(1));
    const { at } = await budget.admit(plan);
    await budget.pass(DEFAULT_LEASE - 1);
    check(isHeld(await budget.refused(plan)), "the slot must be held for 30 s");
    await budget.reach(at + DEFAULT_LEASE);
    await budget.admit(plan);
  },
};
