/** Cases: keys, cold starts, forgetting, and clocks that go back. */

import { concurrency } from "../../limits/concurrency/builder.ts";
import { paceOf } from "../../limits/pace/builder.ts";
import { window } from "../../limits/window/window.ts";
import { Budget } from "./budget.ts";
import { check, checkEqual } from "./check.ts";
import type { StoreSubject } from "./subject.ts";

type Cases = Readonly<Record<string, (budget: Budget, subject: StoreSubject) => Promise<void>>>;

const HOUR = 3_600_000_000;

/** Keys that stores are known to mix up, cut short, or choke on. */
const ODD_KEYS = [
  "",
  " ",
  "{a}",
  "{}",
  "a}b{c",
  "a\u0000",
  "a\u0000b",
  "a",
  "A",
  "\u{1f600}é",
  "e\u0301",
  "\u00e9",
  "\ud800",
  "\udfff",
  "\ufffd",
  "%_'\"\\:*?[x]\n\r\t",
  "null",
  "undefined",
  "__proto__",
  "x".repeat(10_000),
  `${"x".repeat(9_999)}y`,
];

export const keepingCases: Cases = {
  "any string is a key, and a budget of its own": async (budget) => {
    const plan = await budget.plan(window(1, "1h"));
    for (const key of ODD_KEYS) await budget.admit(plan, 1, { key });
    for (const key of ODD_KEYS) await budget.refused(plan, 1, { key });
    checkEqual((await budget.ledger.keys()).toSorted(), ODD_KEYS.toSorted(), "the keys");
    await budget.amend({ kind: "reset", key: "a\u0000" });
    await budget.admit(plan, 1, { key: "a\u0000" });
    await budget.refused(plan, 1, { key: "a" });
  },

  "budgets of other names are others": async (budget) => {
    const plan = await budget.plan(window(1, "1h", { per: "limiter" }));
    const names = ["{", "}:", "a:b", "a", "\u0000", "é"].map((end) => `${budget.name}${end}`);
    for (const name of names) await budget.admit(plan, 1, {}, budget.another({ name }));
    await budget.admit(plan);
    await budget.refused(plan, 1, { key: "other" });
  },

  "a cold key starts as if all had been used at the opening": async (_, subject) => {
    await Budget.use(
      subject,
      async (budget) => {
        const plan = await budget.plan({
          a: window(2, "1h"),
          b: paceOf(1, 1e6, { burst: 2 }),
          c: concurrency(1),
        });
        const until = await budget.refused(plan, [1, 0, 0]);
        // Asked only now: a store that reads a server's clock does so on a way of its own.
        const opened = await budget.ledger.now();
        check(until <= opened + HOUR, "the window must be free an hour after the opening");
        check(until > opened + HOUR - 60e6, "the window must not be free before that");
        if (budget.still) {
          checkEqual(until, opened + HOUR, "until of the window");
          checkEqual(await budget.refused(plan, [0, 1, 0]), opened + 1e6, "until of the pace");
          await budget.reach(until);
          await budget.admit(plan, [1, 1, 0]);
        }
        await budget.admit(plan, [0, 0, 1]);
      },
      { start: "used" },
    );
  },

  "idle keys are forgotten": async (budget) => {
    const plan = await budget.plan([window(2, 20), paceOf(100, 1e6, {}), concurrency(2)]);
    const key = "idle";
    await budget.release(await budget.admit(plan, 1, { key }));
    const used = await budget.ledger.keys();
    // On a clock that goes on it may be idle before it is looked at.
    if (budget.still || used.length > 0) checkEqual(used, [key], "the keys while it is used");
    for (let i = 0; i < 50; i++) {
      await budget.advance(budget.still ? 600e6 : 100_000);
      if ((await budget.ledger.keys()).length === 0) return;
    }
    throw new Error("a key that was idle for long must not be listed; it is.");
  },

  "what still counts is not forgotten": async (budget) => {
    if (!budget.still) return;
    const plan = await budget.plan(window(1, "10d"));
    await budget.admit(plan);
    await budget.advance(9 * 24 * HOUR);
    await budget.refused(plan);
    checkEqual(await budget.ledger.keys(), ["k"], "the keys");
  },

  "now never goes back": async (budget) => {
    if (!budget.still) return;
    const plan = await budget.plan([window(2, 100), paceOf(1, 1_000, { burst: 2 })]);
    const { at } = await budget.admit(plan, 2);
    for (const step of [1, 5_000, 40_000]) {
      budget.stepBack(step);
      const answer = await budget.ask(plan);
      checkEqual([answer.admitted, answer.until], [0, at + 100_000], "an ask after a step back");
      check(answer.now >= at, `now must not go back from ${at}; got ${answer.now}`);
    }
    await budget.reach(at + 100_000);
    await budget.admit(plan, 2);
  },

  "nobody waits for hours to come again": async (budget) => {
    if (!budget.still) return;
    const plan = await budget.plan([
      window(2, "1s"),
      window(2, "1s", { parts: 4 }),
      paceOf(2, 1e6, { burst: 2 }),
    ]);
    await budget.admit(plan, 2);
    budget.stepBack(5 * HOUR);
    await budget.refused(plan);
    await budget.pass(2_000_000);
    const { at } = await budget.admit(plan, 2);
    await budget.refused(plan, 1);
    check(at <= (await budget.ledger.now()), "what is admitted now has its instant now");
  },
};
