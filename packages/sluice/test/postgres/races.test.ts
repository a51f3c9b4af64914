// Many at once, over several connections: nobody is admitted too many, and nobody waits for ever.
import pg from "pg";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { compile, type LimitsInput, type Plan } from "../../src/limits/plan.ts";
import { window } from "../../src/limits/window/window.ts";
import { postgres } from "../../src/stores/postgres.ts";
import { type Connected, pgPool } from "./clients.ts";
import { ledgerOn } from "./ledger-on.ts";
import { askFor } from "../../src/stores/store.ts";

const schema = "races_test";
let pools: Connected<pg.Pool>[];

beforeAll(async () => {
  pools = [pgPool(), pgPool(), pgPool()];
  await pools[0]!.client.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
  // All of them at once, as when a fleet is deployed.
  await Promise.all(pools.map(({ client }) => postgres(client, { schema }).migrate()));
});
afterAll(() => Promise.all(pools.map((pool) => pool.end())));

function planOf(limits: LimitsInput): Plan {
  return compile(limits, 0, { now: 0, wall: 0 });
}

async function admittedOf(name: string, plan: Plan, keys: readonly string[]): Promise<number> {
  const ledgers = pools.map(({ client }) => ledgerOn(client, { schema }, name));
  const answers = await Promise.all(
    Array.from({ length: 300 }, (_, i) =>
      ledgers[i % ledgers.length]!.reserve(
        askFor(keys[i % keys.length]!, plan, [plan.rules.map(() => 1)]),
      ),
    ),
  );
  return answers.reduce((sum, { admitted }) => sum + admitted, 0);
}

test("a cold key", async () => {
  expect(await admittedOf("cold", planOf(window(20, "1h")), ["k"])).toBe(20);
});

test("cold keys in one order and the other", async () => {
  const keys = ["a", "b", "c", "d", "e", "f", "g"];
  expect(await admittedOf("keys", planOf(window(3, "1h")), [...keys, ...keys.toReversed()])).toBe(
    21,
  );
});

test("a cold limiter, of which all keys share a budget", async () => {
  const plan = planOf({ each: window(9, "1h"), all: window(40, "1h", { per: "limiter" }) });
  const keys = ["a", "b", "c", "d", "e", "f", "g"];
  expect(await admittedOf("shared", plan, keys)).toBe(40);
  const { rows } = await pools[0]!.client.query(
    `SELECT key FROM ${schema}.budgets WHERE limiter = 'shared' AND states = '{}'`,
  );
  expect(rows).toEqual([]);
});

test("plans with and without a shared limit, changes and resets, all at once: no deadlock", async () => {
  const both = planOf({ each: window(9, "1h"), all: window(40, "1h", { per: "limiter" }) });
  const own = planOf({ each: window(9, "1h") });
  const ledgers = pools.map(({ client }) => ledgerOn(client, { schema }, "mixed"));
  const deeds = Array.from({ length: 300 }, async (_, i) => {
    const ledger = ledgers[i % 3]!;
    const key = "abcde"[(i * 7) % 5]!;
    if (i % 60 === 59)
      return ledger.amend([{ kind: "reset", key: i % 120 === 59 ? key : undefined }]);
    const plan = i % 2 === 0 ? both : own;
    const costs = plan.rules.map(() => 1);
    const { admitted, instants, tickets } = await ledger.reserve(askFor(key, plan, [costs]));
    if (admitted === 0) return undefined;
    const actual = plan.rules.map(() => 0);
    const settled = { key, plan, ticket: tickets[0]!, at: instants[0]!, taken: costs, actual };
    return ledger.amend([{ kind: "settle", ...settled }]);
  });
  await Promise.all(deeds);
});

test("a wrong one among many that travel together fails alone", async () => {
  const ledger = ledgerOn(pools[0]!.client, { schema }, "wrong");
  const plan = planOf({ a: window(2, "1h") });
  await ledger.reserve(askFor("odd", plan, [[1]]));
  const other = planOf({ a: window(2, "1h", { parts: 3 }) });
  const asks = Array.from({ length: 100 }, (_, i) =>
    ledger.reserve(askFor(i === 50 ? "odd" : `k${i}`, i === 50 ? other : plan, [[1]])),
  );
  const settled = await Promise.allSettled(asks);
  const failed = settled.flatMap((each, i) => (each.status === "rejected" ? [i] : []));
  expect(failed).toEqual([50]);
  expect((settled[50] as PromiseRejectedResult).reason).toMatchObject({ code: "LIMITS_CONFLICT" });
  expect(
    settled.filter((each) => each.status === "fulfilled" && each.value.admitted === 1),
  ).toHaveLength(99);
  // What was rolled back with it was decided once more, and not twice.
  expect((await ledger.reserve(askFor("k7", plan, [[1], [1]]))).admitted).toBe(1);
});

test("a refusal that is known waits for no lock, and what may pass does", async () => {
  const plan = planOf(window(1, "1h"));
  const ledger = ledgerOn(pools[0]!.client, { schema }, "locked");
  await ledger.reserve(askFor("k", plan, [[1]]));
  await ledger.reserve(askFor("k", plan, [[1]]));
  const other = new pg.Client({ connectionString: inject("postgresUrl") });
  await other.connect();
  await other.query("BEGIN");
  await other.query(`SELECT FROM ${schema}.budgets WHERE limiter = 'locked' FOR UPDATE`);
  expect((await ledger.reserve(askFor("k", plan, [[1]]))).admitted).toBe(0);
  let isDone = false;
  const waits = ledger.reserve(askFor("k", plan, [[1]], 9e9)).then((answer) => {
    isDone = true;
    return answer;
  });
  const waiting =
    "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~ 'races_test'";
  while ((await pools[1]!.client.query(waiting)).rows.length === 0) expect(isDone).toBe(false);
  // Others are served while it waits.
  await ledger.reserve(askFor("other", plan, [[1]]));
  expect(isDone).toBe(false);
  const clock = await ledger.now();
  await other.query("COMMIT");
  await other.end();
  // Whoever waited for the lock is judged by the time after it.
  expect((await waits).now).toBeGreaterThanOrEqual(clock);
});
