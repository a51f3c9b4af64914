// Long logs, of which the older pieces have rows of their own: replayed through the pure functions, they
// answer the same while they grow, wrap, give back, and follow a clock that was set back.
import fc from "fast-check";
import { expect, test } from "vitest";
import { compile } from "../../src/limits/plan.ts";
import { window } from "../../src/limits/window/window.ts";
import { askFor, type Ledger } from "../../src/stores/store.ts";
import type { ManualClock } from "../../src/testing/manual-clock.ts";
import { replay, serverClock, takeADay, traces } from "../remote/long-logs.ts";
import { TimedClient } from "./clients.ts";
import { freshSchema } from "./fresh-schema.ts";
import { ledgerOn } from "./ledger-on.ts";

const schema = "log_test";
const connection = freshSchema(schema);

let opened = 0;

function open(): { ledger: Ledger<false>; clock: ManualClock; name: string } {
  const clock = serverClock();
  const client = new TimedClient(connection());
  client.clock = clock;
  const name = `log-${opened++}`;
  return { ledger: ledgerOn(client, { schema }, name, clock), clock, name };
}

test("random traces", async () => {
  let longest = 0;
  await fc.assert(
    fc.asyncProperty(traces, async (trace) => {
      const { ledger, clock, name } = open();
      await replay(trace, ledger, clock);
      longest = Math.max(longest, await pieces(name));
      await ledger.amend([{ kind: "reset", key: "k" }]);
      expect(await pieces(name)).toBe(0);
    }),
    { numRuns: 40 },
  );
  expect(longest).toBeGreaterThan(5);
});

async function pieces(limiter: string): Promise<number> {
  const text = `SELECT count(*)::int AS n FROM ${schema}.log l JOIN ${schema}.budgets b ON b.id = l.budget WHERE limiter = $1`;
  const { rows } = await connection().query(text, [limiter]);
  return (rows as { n: number }[])[0]!.n;
}

test("a decision rewrites no more than the newest piece, and a log that is over is removed", async () => {
  const { ledger, clock, name } = open();
  const hundred = await takeADay(ledger, clock);
  expect(await pieces(name)).toBeGreaterThan(150);
  const row = `SELECT pg_column_size(states) AS n FROM ${schema}.budgets WHERE limiter = $1`;
  const { rows } = await connection().query(row, [name]);
  expect((rows as { n: number }[])[0]!.n).toBeLessThan(1200);
  const before = await versions();
  expect((await ledger.reserve(hundred)).admitted).toBe(0);
  expect(await versions()).toEqual(before);
  clock.block(86_400e3);
  // With each piece that leaves the row some of those that are over go.
  for (let i = 0; i < 10; i++) await ledger.reserve(hundred);
  expect(await pieces(name)).toBeLessThan(20);
});

/** Which transaction wrote each piece. */
async function versions(): Promise<unknown[]> {
  return (await connection().query(`SELECT xmin::text, piece FROM ${schema}.log ORDER BY piece`))
    .rows as unknown[];
}

test("a long log follows a clock that was set back", async () => {
  const { ledger, clock } = open();
  const rate = compile(window(300, "2s"), 0, { now: 0, wall: 0 });
  const { admitted } = await ledger.reserve(askFor("k", rate, [[300]]));
  expect(admitted).toBe(1);
  clock.stepBack(3_600_000);
  const refused = await ledger.reserve(askFor("k", rate, [[1]]));
  expect(refused.admitted).toBe(0);
  expect(refused.until).toBe(refused.now + 2e6);
  clock.block(2_000);
  expect((await ledger.reserve(askFor("k", rate, [[300]]))).admitted).toBe(1);
});
