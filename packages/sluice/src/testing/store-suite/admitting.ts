/** Cases: what `reserve` admits, refuses and leaves alone. */

import { blocked, unlimited } from "../../limits/extremes.ts";
import { isHeld, NEVER } from "../../limits/limit.ts";
import { quota } from "../../limits/quota/builder.ts";
import { window } from "../../limits/window/window.ts";
import type { Budget } from "./budget.ts";
import { check, checkEqual } from "./check.ts";
import { askFor } from "../../stores/store.ts";

type Cases = Readonly<Record<string, (budget: Budget) => Promise<void>>>;

const HOUR = 3_600_000_000;

export const admittingCases: Cases = {
  "a prefix of the costs is admitted, in order": async (budget) => {
    const plan = await budget.plan(window(5, "1h"));
    const answer = await budget.ask(plan, [2, 2, 2, 1]);
    checkEqual(answer.admitted, 2, "how many of 2, 2, 2, 1 fit into 5");
    checkEqual(answer.instants, [answer.now, answer.now], "the instants of those admitted");
    checkEqual(answer.until, answer.now + HOUR, "when the third would fit");
    checkEqual(answer.rule, 0, "the rule that binds");
    check(answer.tickets[1]! > answer.tickets[0]!, "tickets must rise");
    await budget.admit(plan, 1);
    await budget.refused(plan, 1);
  },

  "a refusal writes nothing, byte for byte": async (budget) => {
    const plan = await budget.plan({
      a: window(2, "1h"),
      b: window(10, "1h", { parts: 4 }),
      c: quota(3, "7d"),
    });
    await budget.admit(plan, [2, 1, 1]);
    const before = await budget.dump();
    const until = await budget.refused(plan, [1, 1, 1]);
    checkEqual(await budget.refused(plan, [1, 3, 2]), until, "a second refusal's until");
    await budget.refused(plan, [0, 10, 0]);
    await budget.refused(plan, [1, 0, 0], { maxWait: 1_000 });
    checkEqual(await budget.dump(), before, "what is stored after refusals");
    await budget.admit(plan, [0, 9, 2]);
  },

  "a refusal of a key that is not known makes no state": async (budget) => {
    const plan = await budget.plan(window(1, "1h", { per: "limiter" }));
    await budget.admit(plan, 1, { key: "known" });
    const keys = await budget.ledger.keys();
    const before = await budget.dump();
    await budget.refused(plan, 1, { key: "unknown" });
    checkEqual(await budget.ledger.keys(), keys, "the keys after a refusal");
    checkEqual(await budget.dump(), before, "what is stored after a refusal");
  },

  "blocked lets nothing through, alone and beside others; unlimited lets all through": async (
    budget,
  ) => {
    for (const limits of [blocked, [window(5, "1h"), blocked, unlimited]]) {
      const plan = await budget.plan(limits);
      check(isHeld(await budget.refused(plan)), "nobody knows when what is blocked passes");
      check(isHeld((await budget.peek(plan)).until), "a look must see that it is blocked");
    }
    const plan = await budget.plan({ a: window(5, "1h"), b: blocked });
    await budget.admit(plan, [1, 0]);
    checkEqual((await budget.ask(plan)).rule, 1, "the rule that binds");
    await budget.refused(plan, [0, 1]);
    // Not counted by `blocked`, and not held back once it is gone.
    await budget.admit(await budget.plan({ a: window(5, "1h"), b: unlimited }), 4);
    const free = await budget.plan(unlimited);
    for (let i = 0; i < 3; i++) await budget.admit(free, 1_000_000, { key: "free" });
  },

  "a look takes nothing and writes nothing": async (budget) => {
    const plan = await budget.plan([window(2, "1h"), window(3, "2h")]);
    await budget.peek(plan);
    checkEqual(await budget.ledger.keys(), [], "the keys after a look");
    const { at } = await budget.admit(plan, 1);
    const before = await budget.dump();
    const view = await budget.peek(plan, 2);
    checkEqual(view.until, at + HOUR, "when two more would fit");
    checkEqual(view.rule, 0, "the rule that binds");
    const rates = [
      { used: 1, resetAt: at + HOUR },
      { used: 1, resetAt: at + 2 * HOUR },
    ];
    checkEqual(view.rates, [rates], "what is used of each rate");
    checkEqual(await budget.dump(), before, "what is stored after a look");
    await budget.admit(plan, 1);
  },

  "a forecast counts what queues ahead": async (budget) => {
    const plan = await budget.plan(window(2, "1h"));
    const { at } = await budget.admit(plan, 2);
    const ask = askFor("k", plan, [[1]]);
    const view = await budget.ledger.peek(ask, [2]);
    checkEqual(view.forecast, at + 2 * HOUR, "the forecast behind two others");
  },

  "an instant is booked ahead, at most maxWait": async (budget) => {
    const plan = await budget.plan(window(1, "1h"));
    const first = await budget.admit(plan);
    const second = await budget.admit(plan, 1, { maxWait: 2 * HOUR });
    checkEqual(second.at, first.at + HOUR, "the second instant");
    checkEqual(
      await budget.refused(plan, 1, { maxWait: HOUR + 1_000 }),
      first.at + 2 * HOUR,
      "until, when the third lies beyond maxWait",
    );
    const answer = await budget.ask(plan, [1, 1, 1], { maxWait: 3.5 * HOUR });
    checkEqual(
      answer.instants,
      [2, 3].map((n) => first.at + n * HOUR),
      "the instants of a batch that is booked as far as maxWait reaches",
    );
  },

  "instants of one ask never fall, and none is before notBefore": async (budget) => {
    const plan = await budget.plan({ a: window(1, "1h"), b: window(9, "1h") });
    const { at } = await budget.admit(plan, [1, 0]);
    const costs = [
      [0, 1],
      [1, 0],
      [0, 1],
    ];
    const ask = { maxWait: 9 * HOUR, notBefore: at + 60e6 };
    const { instants } = await budget.ask(plan, costs, ask);
    checkEqual(instants, [at + 60e6, at + HOUR, at + HOUR], "the instants");
    checkEqual(
      (await budget.ask(plan, costs, { maxWait: HOUR, notBefore: at + 3 * HOUR })).admitted,
      0,
      "how many are admitted when maxWait ends before notBefore",
    );
  },

  "what did not fit fits at the instant that was told": async (budget) => {
    const plan = await budget.plan([window(2, 40), window(3, 90)]);
    for (let i = 0; i < 4; i++) {
      const answer = await budget.ask(plan, [1, 1, 1]);
      check(answer.admitted < 3 && answer.until > answer.now, "three must not fit into two");
      if (budget.still) {
        await budget.pass(answer.until - answer.now - 1);
        await budget.refused(plan, 1);
      }
      await budget.reach(answer.until);
      await budget.admit(plan, 1);
    }
  },

  "all limits are taken, or none": async (budget) => {
    const plan = await budget.plan({
      each: window(3, "1h"),
      all: window(4, "1h", { per: "limiter" }),
    });
    await budget.admit(plan, [3, 3], { key: "x" });
    await budget.refused(plan, [2, 2], { key: "y" });
    await budget.admit(plan, [3, 1], { key: "y" });
    const { rates } = await budget.peek(plan, [0, 0], "y");
    checkEqual(
      rates.map(([rate]) => rate!.used),
      [3, 4],
      "what is used by the key and by all",
    );
  },

  "more than a limit can hold never fits": async (budget) => {
    const plan = await budget.plan(window(2, "1h"));
    checkEqual(await budget.refused(plan, 3, { maxWait: 1e15 }), NEVER, "until of 3 out of 2");
    checkEqual(await budget.ledger.keys(), [], "the keys after that");
  },

  "zero passes whatever is used": async (budget) => {
    const plan = await budget.plan(window(1, "1h"));
    await budget.admit(plan);
    await budget.admit(plan, 0);
    await budget.refused(plan);
  },
};
