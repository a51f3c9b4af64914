// Connections that are not this store's alone: a pooler hands them from one to the other, several stores
// have one, many callers have a pool of one.
import pg from "pg";
import postgresJs from "postgres";
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from "vitest";
import { createLimiter, window } from "../../src/index.ts";
import { concurrency } from "../../src/limits/concurrency/builder.ts";
import { compile } from "../../src/limits/plan.ts";
import { type PostgresClient, postgres } from "../../src/stores/postgres.ts";
import { type Connected, pgPool } from "./clients.ts";
import { ledgerOn } from "./ledger-on.ts";
import { askFor } from "../../src/stores/store.ts";

const schema = "connections_test";
const plan = compile(window(5, "1h"), 0, { now: 0, wall: 0 });
let admin: Connected<pg.Pool>;

beforeAll(async () => {
  admin = pgPool();
  await admin.client.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
  await postgres(admin.client, { schema }).migrate();
});
afterAll(() => admin.end());

function poolOfOne(): pg.Pool {
  const pool = new pg.Pool({ connectionString: inject("postgresUrl"), max: 1 });
  onTestFinished(() => pool.end());
  return pool;
}

async function prepared(pool: pg.Pool): Promise<string[]> {
  const { rows } = await pool.query("SELECT name FROM pg_prepared_statements");
  return (rows as { name: string }[]).map(({ name }) => name);
}

describe("a pooler", () => {
  test("that gave the connection to another, without what was prepared", async () => {
    const pool = poolOfOne();
    const ledger = ledgerOn(pool, { schema }, "another's");
    await ledger.reserve(askFor("k", plan, [[1]]));
    await pool.query("DEALLOCATE ALL");
    expect(await ledger.reserve(askFor("k", plan, [[1]]))).toMatchObject({ admitted: 1 });
    expect(await prepared(pool)).toEqual([]);
  });

  test("that gave it one on which others prepared the same", async () => {
    const before = poolOfOne();
    await ledgerOn(before, { schema }, "the same").reserve(askFor("k", plan, [[1]]));
    const pool = poolOfOne();
    for (const name of await prepared(before))
      await pool.query(`PREPARE ${name} AS SELECT 'theirs'`);
    const ledger = ledgerOn(pool, { schema }, "the same");
    const answers = await Promise.all(
      [1, 2, 3].map(() => ledger.reserve(askFor("k", plan, [[1]]))),
    );
    expect(answers.map(({ admitted }) => admitted)).toEqual([1, 1, 1]);
    expect((await ledger.reserve(askFor("k", plan, [[1], [1]]))).admitted).toBe(1);
  });

  test("to which a client of postgres.js was told to prepare nothing", async () => {
    const sql = postgresJs(inject("postgresUrl"), { max: 1, prepare: false, fetch_types: false });
    onTestFinished(() => sql.end());
    await ledgerOn(sql, { schema }, "unprepared").reserve(askFor("k", plan, [[1]]));
    expect(await sql.unsafe("SELECT name FROM pg_prepared_statements")).toEqual([]);
  });
});

test("a Client of several stores, which also listens, has one statement at a time", async () => {
  const client = new pg.Client(inject("postgresUrl"));
  await client.connect();
  let [running, most] = [0, 0];
  const query = client.query.bind(client) as (config: unknown) => Promise<unknown>;
  const counted = async (config: unknown): Promise<unknown> => {
    most = Math.max(most, ++running);
    return query(config).finally(() => running--);
  };
  client.query = counted as typeof client.query;
  const stores = ["a", "b"].map((name) => ledgerOn(client, { schema, listener: client }, name));
  await Promise.all(stores.map((ledger) => ledger.reserve(askFor("k", plan, [[1]]))));
  await Promise.all(stores.map((ledger) => ledger.close()));
  expect(most).toBe(1);
  await client.end();
});

test.each<[string, () => { client: PostgresClient; end(): Promise<void> }]>([
  ["pg", () => ({ client: poolOfOne(), end: () => Promise.resolve() })],
  [
    "postgres",
    () => {
      const sql = postgresJs(inject("postgresUrl"), { max: 1, fetch_types: false });
      return { client: sql, end: () => sql.end() };
    },
  ],
])("%s: a hundred wait at a pool of one", async (name, connect) => {
  const { client, end } = connect();
  const limits = { rate: window(60, "200ms"), running: concurrency(5) };
  const limiter = createLimiter(limits, {
    name: `one ${name}`,
    store: postgres(client, { schema, grace: "1s" }),
  });
  let [running, most, passed] = [0, 0, 0];
  const call = async (): Promise<void> => {
    most = Math.max(most, ++running);
    await new Promise((done) => setTimeout(done, 1));
    running--;
    passed++;
  };
  await Promise.all(Array.from({ length: 100 }, () => limiter.run(call)));
  expect({ passed, isOver: most > 5 }).toEqual({ passed: 100, isOver: false });
  await limiter[Symbol.asyncDispose]();
  await end();
});
