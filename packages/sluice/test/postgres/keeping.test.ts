// What stays in the tables, what leaves them, and what reaches the disk.
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { compile } from "../../src/limits/plan.ts";
import { window } from "../../src/limits/window/window.ts";
import { postgres } from "../../src/stores/postgres.ts";
import { manualClock } from "../../src/testing/manual-clock.ts";
import { pgClient, TimedClient } from "./clients.ts";
import { ledgerOn } from "./ledger-on.ts";
import { askFor } from "../../src/stores/store.ts";

let connected: Awaited<ReturnType<typeof pgClient>>;

beforeAll(async () => {
  connected = await pgClient();
  for (const schema of ["keeping_test", "keeping_timed", "keeping_newer"]) {
    await connected.client.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
  }
  await postgres(connected.client, { schema: "keeping_test" }).migrate();
  await postgres(new TimedClient(connected.client), { schema: "keeping_timed" }).migrate();
});
afterAll(() => connected.end());

async function count(table: string): Promise<number> {
  const { rows } = await connected.client.query(`SELECT count(*)::int AS n FROM ${table}`);
  return (rows as { n: number }[])[0]!.n;
}

test("dead keys are removed while the limiter is at work, with all that belongs to them", async () => {
  const clock = manualClock({ now: 0, wall: Date.UTC(2026, 0, 1) });
  const client = new TimedClient(connected.client);
  client.clock = clock;
  const schema = "keeping_timed";
  const ledger = ledgerOn(client, { schema }, "swept", clock);
  const other = ledgerOn(client, { schema }, "other", clock);
  const short = compile(window(300, "1s"), 0, { now: 0, wall: 0 });
  const long = compile(window(1, "1d"), 0, { now: 0, wall: 0 });
  await other.reserve(askFor("of another limiter, which is not asked any more", short, [[1]]));
  for (let i = 0; i < 30; i++) await ledger.reserve(askFor(`dead ${i}`, short, [[200]]));
  await ledger.reserve(askFor("", short, [[200]]));
  await ledger.reserve(askFor("alive", long, [[1]]));
  const { tickets, instants } = await ledger.reserve(askFor("settled", short, [[3]]));
  const settled = { key: "settled", plan: short, ticket: tickets[0]!, at: instants[0]! };
  await ledger.amend([{ kind: "settle", ...settled, taken: [3], actual: [1] }]);
  expect(await count(`${schema}.budgets`)).toBe(34);
  expect(await count(`${schema}.log`)).toBeGreaterThan(50);
  expect(await count(`${schema}.settled`)).toBe(1);
  for (let i = 0; i < 3; i++) {
    clock.block(100_000);
    await ledger.reserve(askFor("alive", long, [[1]]));
    await client.query({ text: "SELECT 'after the sweep, on the same connection'" });
  }
  const { rows } = await connected.client.query(`SELECT key FROM ${schema}.budgets ORDER BY key`);
  expect(rows).toEqual([{ key: "alive" }]);
  expect(await count(`${schema}.log`)).toBe(0);
  expect(await count(`${schema}.settled`)).toBe(0);
});

test.each([
  [false, "off"],
  [true, "on"],
])("durable: %s commits with synchronous_commit %s", async (durable, expected) => {
  const plan = compile(window(9, "1h"), 0, { now: 0, wall: 0 });
  const ledger = ledgerOn(connected.client, { schema: "keeping_test", durable }, `d ${durable}`);
  await ledger.reserve(askFor("k", plan, [[1]]));
  // Its own transaction would be over before it can be looked at.
  await connected.client.query("BEGIN");
  await ledger.reserve(askFor("k", plan, [[1]]));
  const { rows } = await connected.client.query("SHOW synchronous_commit");
  await connected.client.query("ROLLBACK");
  expect(rows).toEqual([{ synchronous_commit: expected }]);
  expect((await connected.client.query("SHOW synchronous_commit")).rows).toEqual([
    { synchronous_commit: "on" },
  ]);
});

test("a thousand new keys a second are removed as they die, a thousand rows a call", async () => {
  const clock = manualClock({ now: 0, wall: Date.UTC(2027, 0, 1) });
  const timed = new TimedClient(connected.client);
  timed.clock = clock;
  const swept: string[] = [];
  const client = {
    query: (config: { text: string; values?: string[] }) => {
      if (config.text.includes(".sweep(")) swept.push(config.values![2]!);
      return timed.query(config);
    },
  };
  const schema = "keeping_timed";
  const ledger = ledgerOn(client, { schema }, "busy", clock);
  const plan = compile(window(1, "1s"), 0, { now: 0, wall: 0 });
  let most = 0;
  for (let second = 0; second < 20; second++) {
    const keys = Array.from({ length: 1000 }, (_, i) => `${second} ${i}`);
    await Promise.all(keys.map((key) => ledger.reserve(askFor(key, plan, [[1]]))));
    await client.query({ text: "SELECT 'after the sweep, on the same connection'" });
    most = Math.max(most, await count(`${schema}.budgets`));
    clock.block(1000);
  }
  expect(most).toBeLessThan(12_000);
  expect(swept.length).toBeGreaterThan(20);
  expect(new Set(swept)).toEqual(new Set(["1000"]));
});

test("updates are in place: no index knows what a decision changes", async () => {
  const plan = compile(window(9, "1h"), 0, { now: 0, wall: 0 });
  const { rows } = await connected.client.query(
    `SELECT string_agg(a.attname, ' ' ORDER BY a.attname) AS columns FROM pg_index i
      JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::int[])
      WHERE i.indrelid = 'keeping_test.budgets'::regclass`,
  );
  expect(rows).toEqual([{ columns: "key limiter" }]);
  expect(plan.rules).toHaveLength(1);
});

test("migrate twice keeps what is there", async () => {
  const schema = "keeping_test";
  const plan = compile(window(1, "1h"), 0, { now: 0, wall: 0 });
  const ledger = ledgerOn(connected.client, { schema }, "kept");
  await ledger.reserve(askFor("k", plan, [[1]]));
  await postgres(connected.client, { schema }).migrate();
  expect((await ledger.reserve(askFor("k", plan, [[1]]))).admitted).toBe(0);
});

test("a schema that a later version made is left alone", async () => {
  const store = postgres(connected.client, { schema: "keeping_newer" });
  await store.migrate();
  await connected.client.query("UPDATE keeping_newer.version SET version = 99");
  await expect(store.migrate()).rejects.toMatchObject({
    code: "STORE_CORRUPT",
    message: expect.stringContaining("version 99") as string,
  });
  expect(await count("keeping_newer.version WHERE version = 99")).toBe(1);
});

test("keys too long for an index, which differ only at their end", async () => {
  const plan = compile(window(1, "1h"), 0, { now: 0, wall: 0 });
  const name = `long ${"é".repeat(5_000)}`;
  const ledger = ledgerOn(connected.client, { schema: "keeping_test" }, name, systemClock);
  // Noise, which does not shrink.
  const noise = Array.from({ length: 5_000 }, (_, i) =>
    String.fromCharCode(256 + ((i * 7919) % 20_000)),
  );
  const keys = ["1", "2"].map((end) => noise.join("") + end);
  for (const key of keys) expect((await ledger.reserve(askFor(key, plan, [[1]]))).admitted).toBe(1);
  for (const key of keys) expect((await ledger.reserve(askFor(key, plan, [[1]]))).admitted).toBe(0);
  expect((await ledger.keys()).toSorted()).toEqual(keys);
});
