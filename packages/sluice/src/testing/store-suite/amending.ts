/** Cases: settlements, cancellations, gates and resets. */

import { paceOf } from "../../limits/pace/builder.ts";
import { window } from "../../limits/window/window.ts";
import type { Budget } from "./budget.ts";
import { checkEqual } from "./check.ts";

type Cases = Readonly<Record<string, (budget: Budget) => Promise<void>>>;

const HOUR = 3_600_000_000;

/** How much of the first rate is used. */
async function used(budget: Budget, plan: Parameters<Budget["peek"]>[0]): Promise<number> {
  return (await budget.peek(plan, 0)).rates[0]![0]!.used;
}

export const amendingCases: Cases = {
  "less is given back, at the admission's own instant": async (budget) => {
    const plan = await budget.plan(window(5, "1h"));
    const first = await budget.admit(plan, 3);
    const second = await budget.admit(plan, 2);
    await budget.settle(first, [1]);
    checkEqual(await used(budget, plan), 3, "what is used after 3 became 1");
    await budget.settle(second, [0]);
    checkEqual(await used(budget, plan), 1, "what is used after 2 became 0");
    checkEqual(await budget.refused(plan, 5), first.at + HOUR, "when all is free");
    await budget.admit(plan, 4);
  },

  "more is charged, in pieces that the limit can hold": async (budget) => {
    const plan = await budget.plan(window(5, "1h"));
    const first = await budget.admit(plan, 3);
    await budget.settle(first, [12]);
    checkEqual(await used(budget, plan), 5, "what is used now");
    // 3 + 9: 5 of the 9 find room when the 3 leave, 4 more after another hour.
    const until = await budget.refused(plan, 1);
    checkEqual(until, first.at + 2 * HOUR, "when the next one fits");
    await budget.refused(plan, 2);
  },

  "what is charged finds a key that was forgotten": async (budget) => {
    const plan = await budget.plan(window(5, 5));
    const first = await budget.admit(plan, 1);
    await budget.reach(first.at + 5_000);
    await budget.settle(first, [3]);
    if (budget.still) await budget.refused(plan, 4);
    await budget.reach((await budget.ledger.now()) + 5_000);
    await budget.admit(plan, 5);
  },

  "the newest booking is cancelled without a trace": async (budget) => {
    for (const limit of [window(1, "1h"), paceOf(1, HOUR, {}), window(1, "1h", { parts: 2 })]) {
      const plan = await budget.plan(limit);
      const key = limit.kind;
      await budget.admit(plan, 1, { key });
      const booked = await budget.admit(plan, 1, { key, maxWait: 9 * HOUR });
      await budget.cancel(booked);
      const again = await budget.admit(plan, 1, { key, maxWait: 9 * HOUR });
      checkEqual(again.at, booked.at, `the instant of a ${key} after a cancellation`);
    }
  },

  "a booking before others is cancelled, and no promise falls": async (budget) => {
    const plan = await budget.plan(window(1, "1h"));
    const first = await budget.admit(plan);
    const second = await budget.admit(plan, 1, { maxWait: 9 * HOUR });
    const third = await budget.admit(plan, 1, { maxWait: 9 * HOUR });
    await budget.cancel(second);
    const until = await budget.refused(plan);
    checkEqual(until, third.at + HOUR, `until, after ${first.at} and ${third.at}`);
  },

  "the same change again does nothing, where replies get lost": async (budget) => {
    const plan = await budget.plan(window(9, "1h"));
    const answer = await budget.ask(plan, [3, 3, 3]);
    const all = answer.instants.map((at, i) => {
      return { key: "k", plan, costs: [3], at, ticket: answer.tickets[i]! };
    });
    for (let i = 0; i < (budget.store.sync ? 1 : 3); i++) {
      await budget.settle(all[0]!, [1]);
      await budget.cancel(all[1]!);
      await budget.settle(all[2]!, [5]);
    }
    checkEqual(
      await used(budget, plan),
      6,
      "what is used after 3 became 1, 3 none, and 3 became 5",
    );
  },

  "a gate holds everything back; the longer one wins": async (budget) => {
    const plan = await budget.plan(window(5, "1h"));
    const now = await budget.ledger.now();
    const gate = (key: string | undefined, until: number | undefined): Promise<unknown> =>
      budget.amend({ kind: "gate", key, plan, until });
    await gate("k", now + 2 * HOUR);
    await gate("k", now + HOUR);
    const answer = await budget.ask(plan);
    checkEqual([answer.until, answer.rule], [now + 2 * HOUR, -1], "until, and the rule of a gate");
    await budget.admit(plan, 1, { key: "other" });
    await gate(undefined, now + 3 * HOUR);
    const all = await budget.ask(plan);
    checkEqual(
      [all.until, all.ownUntil, all.rule],
      [now + 3 * HOUR, now + 2 * HOUR, -1],
      "until, ownUntil and the rule of a gate for all",
    );
    checkEqual(await budget.refused(plan, 1, { key: "new" }), now + 3 * HOUR, "a new key's until");
    await gate(undefined, undefined);
    await gate("k", undefined);
    await budget.admit(plan);
  },

  "a booking passes behind the gate": async (budget) => {
    const plan = await budget.plan(window(5, "1h"));
    const until = (await budget.ledger.now()) + HOUR;
    await budget.amend({ kind: "gate", key: "k", plan, until });
    checkEqual((await budget.admit(plan, 1, { maxWait: 2 * HOUR })).at, until, "the instant");
  },

  "a reset forgets one key, or all": async (budget) => {
    const plan = await budget.plan({
      each: window(1, "1h"),
      all: window(3, "1h", { per: "limiter" }),
    });
    const [x] = [
      await budget.admit(plan, 1, { key: "x" }),
      await budget.admit(plan, 1, { key: "y" }),
    ];
    await budget.amend({ kind: "gate", key: "x", plan, until: x.at + 9 * HOUR });
    await budget.amend({ kind: "reset", key: "x" });
    const again = await budget.admit(plan, 1, { key: "x" });
    await budget.refused(plan, 1, { key: "y" });
    await budget.refused(plan, 1, { key: "z" });
    await budget.amend({ kind: "gate", key: undefined, plan, until: x.at + 9 * HOUR });
    await budget.amend({ kind: "reset", key: undefined });
    checkEqual(await budget.ledger.keys(), [], "the keys after a reset of all");
    const last = await budget.admit(plan, [1, 3], { key: "x" });
    checkEqual(last.ticket > again.ticket && again.ticket > x.ticket, true, "whether tickets rise");
  },

  "what was forgotten is not given back": async (budget) => {
    const plan = await budget.plan(window(2, "1h"));
    const first = await budget.admit(plan, 2);
    await budget.amend({ kind: "reset", key: "k" });
    if (budget.still) {
      await budget.admit(plan, 2);
      await budget.settle(first, [0]);
      await budget.refused(plan, 1);
    }
    await budget.cancel(first);
    await budget.release(first);
  },
};
