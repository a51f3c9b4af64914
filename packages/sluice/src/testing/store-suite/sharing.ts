/** Cases: several limiters on one name, with the same numbers, others, or another kind of limit. */

import { concurrency } from "../../limits/concurrency/builder.ts";
import { isHeld } from "../../limits/limit.ts";
import { paceOf } from "../../limits/pace/builder.ts";
import { quota } from "../../limits/quota/builder.ts";
import { window } from "../../limits/window/window.ts";
import type { Budget } from "./budget.ts";
import { check, checkEqual, checkFails } from "./check.ts";

type Cases = Readonly<Record<string, (budget: Budget) => Promise<void>>>;

const HOUR = 3_600_000_000;

export const sharingCases: Cases = {
  "same name, same budget": async (budget) => {
    const plan = await budget.plan({ a: window(2, "1h"), b: concurrency(3, { per: "limiter" }) });
    const other = budget.another();
    const first = await budget.admit(plan);
    const second = await budget.admit(plan, 1, {}, other);
    check(second.ticket > first.ticket, "tickets must rise over all limiters");
    checkEqual(await budget.refused(plan), first.at + HOUR, "until in the one");
    checkEqual(await budget.refused(plan, 1, {}, other), first.at + HOUR, "until in the other");
    await budget.settle(second, [0, 1]);
    await budget.admit(plan);
    check(isHeld(await budget.refused(plan, [0, 1], { key: "z" }, other)), "slots must be shared");
    await other.amend([{ kind: "reset", key: undefined }]);
    await budget.admit(plan, [2, 3]);
  },

  "what closes leaves its state to the others": async (budget) => {
    const plan = await budget.plan(window(1, "1h"));
    const first = budget.another();
    await budget.admit(plan, 1, {}, first);
    await first.close();
    await budget.refused(plan);
    await budget.refused(plan, 1, {}, budget.another());
  },

  "each is judged by its own numbers on the shared history": async (budget) => {
    const wide = await budget.plan({ a: window(4, "2h"), b: concurrency(3) });
    const narrow = await budget.plan({ a: window(2, "1h"), b: concurrency(2) });
    const first = await budget.admit(narrow, [2, 0]);
    checkEqual(await budget.refused(narrow, [1, 0]), first.at + HOUR, "until by 2 an hour");
    await budget.admit(wide, [2, 0]);
    checkEqual(await budget.refused(wide, [1, 0]), first.at + 2 * HOUR, "until by 4 in 2 hours");
    await budget.admit(wide, [0, 2]);
    check(isHeld(await budget.refused(narrow, [0, 1])), "2 of 2 slots must be held");
    await budget.admit(wide, [0, 1]);
    check(isHeld(await budget.refused(wide, [0, 1])), "3 of 3 slots must be held");
  },

  "a narrow window does not forget what a wide one needs": async (budget) => {
    const wide = await budget.plan(window(6, 400));
    const narrow = await budget.plan(window(1, 1));
    const first = await budget.admit(wide);
    for (let i = 0; i < 5; i++) {
      await budget.reach((await budget.ledger.now()) + 1_000);
      const answer = await budget.ask(narrow);
      check(answer.admitted === 1, "one a millisecond must be admitted");
    }
    const answer = await budget.ask(wide);
    if (answer.now >= first.at + 400_000) return;
    checkEqual([answer.admitted, answer.until], [0, first.at + 400_000], "the wide one's answer");
  },

  "a pace keeps its debt in units": async (budget) => {
    const slow = await budget.plan(paceOf(1, HOUR, { burst: 4 }));
    const fast = await budget.plan(paceOf(2, HOUR, { burst: 4 }));
    const { at } = await budget.admit(slow, 4);
    const answer = await budget.ask(fast);
    // Four units are owed; at two an hour, one more within a burst of four fits half an hour later.
    const until = at + HOUR / 2;
    check(answer.admitted === 0, "a full debt must leave no room");
    check(
      answer.until >= until && answer.until <= until + (answer.now - at) + 1,
      `until must be half an hour after ${at}; got ${answer.until}.`,
    );
  },

  "quotas of one period share what is used": async (budget) => {
    const [one, two] = [await budget.plan(quota(2, "7d")), await budget.plan(quota(3, "7d"))];
    await budget.admit(one, 2);
    await budget.refused(one);
    await budget.admit(two);
    await budget.refused(two);
  },

  "another kind of limit is a conflict, and no refusal": async (budget) => {
    const plan = await budget.plan({ a: window(1, "1h"), b: window(5, "1h") });
    await budget.admit(plan);
    const before = await budget.dump();
    const others = await budget.plan({ a: paceOf(1, HOUR, {}), b: window(5, "1h") });
    await checkFails(() => budget.ask(others), "LIMITS_CONFLICT", "a pace in a window's place");
    const slots = await budget.plan({ a: concurrency(1), b: window(5, "1h") });
    await checkFails(() => budget.peek(slots), "LIMITS_CONFLICT", "slots in a window's place");
    checkEqual(await budget.dump(), before, "what is stored after a conflict");
    await budget.refused(plan, [1, 1]);
    await budget.admit(plan, [0, 4]);
  },
};
