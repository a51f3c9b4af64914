// Many equal costs in one ask are decided and written as one by one.
import fc from "fast-check";
import { expect, test } from "vitest";
import { compile } from "../../src/limits/plan.ts";
import { window } from "../../src/limits/window/window.ts";
import { manualClock } from "../../src/testing/manual-clock.ts";
import { Random } from "../../src/testing/store-suite/random.ts";
import { randomCosts, randomGap, randomLimits } from "../../src/testing/store-suite/traces.ts";
import { TimedClient } from "./clients.ts";
import { freshSchema } from "./fresh-schema.ts";
import { ledgerOn } from "./ledger-on.ts";
import { askFor } from "../../src/stores/store.ts";

const schema = "many_test";
const connection = freshSchema(schema);

let opened = 0;

test("random limits", async () => {
  let most = 0;
  await fc.assert(
    fc.asyncProperty(fc.nat(), async (seed) => {
      const random = new Random(seed);
      const clock = manualClock({ now: 0, wall: Date.UTC(2026, 0, 1) });
      const timed = new TimedClient(connection());
      timed.clock = clock;
      // What is swept away between the two of them would be no longer comparable.
      const client = {
        query: (config: { text: string }) =>
          config.text.includes(".sweep(") ? Promise.resolve({ rows: [] }) : timed.query(config),
      };
      const plan = compile(randomLimits(random, true), 0, { now: 0, wall: 0 });
      const names = [`many-${opened}`, `each-${opened++}`] as const;
      const [many, each] = names.map((name) => ledgerOn(client, { schema }, name, clock));
      for (let i = 0; i < 5; i++) {
        const cost = randomCosts(random, plan);
        const costs = Array.from({ length: random.whole(1, 12) }, () => cost);
        const maxWait = plan.hasConcurrency
          ? 0
          : random.of([0, randomGap(random, plan, true), 1e12]);
        const answer = await many!.reserve(askFor("k", plan, costs, maxWait));
        const instants: number[] = [];
        const tickets: number[] = [];
        let until: number | undefined;
        for (const one of costs) {
          const single = await each!.reserve(askFor("k", plan, [one], maxWait));
          if (single.admitted === 0) {
            until = single.until;
            break;
          }
          instants.push(...single.instants);
          tickets.push(...single.tickets);
        }
        expect([answer.instants, answer.tickets]).toEqual([instants, tickets]);
        if (until !== undefined) expect(answer.until).toBe(until);
        const now = Math.round(clock.wall() * 1e3);
        expect(await states(names[0], now)).toEqual(await states(names[1], now));
        most = Math.max(most, answer.admitted);
        clock.block(randomGap(random, plan, true) / 1e3);
      }
    }),
    { numRuns: 60 },
  );
  expect(most).toBe(12);
});

test("many changes travel fifty at a time, so that nobody waits long for their lock", async () => {
  const sizes: number[] = [];
  const timed = new TimedClient(connection());
  timed.clock = manualClock({ now: 0, wall: Date.UTC(2026, 0, 1) });
  const client = {
    query: (config: { text: string; values?: string[] }) => {
      if (config.text.includes(".amend(")) sizes.push(Number(config.values![3]!.split(",")[3]));
      return timed.query(config);
    },
  };
  const ledger = ledgerOn(client, { schema }, "changes", timed.clock);
  const plan = compile(window(200, "1h"), 0, { now: 0, wall: 0 });
  const { instants, tickets } = await ledger.reserve(
    askFor(
      "k",
      plan,
      Array.from({ length: 120 }, () => [1]),
    ),
  );
  const given = { kind: "settle" as const, key: "k", plan, taken: [1], actual: [0] };
  await ledger.amend(tickets.map((ticket, i) => ({ ...given, ticket, at: instants[i]! })));
  expect(sizes).toEqual([50, 50, 20]);
  const again = await ledger.reserve(
    askFor(
      "k",
      plan,
      Array.from({ length: 201 }, () => [1]),
    ),
  );
  expect(again.admitted).toBe(200);
});

/** Of rows that are not idle: those may be gone in the one and still be there in the other. */
async function states(limiter: string, now: number): Promise<unknown[]> {
  const text = `SELECT key, states::text, keep, ticket FROM ${schema}.budgets WHERE limiter = $1 AND keep > $2 ORDER BY key`;
  return (await connection().query(text, [limiter, now])).rows as unknown[];
}
