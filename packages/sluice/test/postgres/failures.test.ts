// What goes wrong is told in one sentence with a remedy, and never as a refusal.
import pg from "pg";
import postgresJs from "postgres";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { createLimiter } from "../../src/index.ts";
import { compile } from "../../src/limits/plan.ts";
import { window } from "../../src/limits/window/window.ts";
import { type PostgresClient, postgres } from "../../src/stores/postgres.ts";
import { pgClient, pgPool, postgresSql } from "./clients.ts";
import { ledgerOn } from "./ledger-on.ts";
import { askFor } from "../../src/stores/store.ts";

const schema = "failures_test";
const PASSWORD = "secret";
const plan = compile(window(100, "1h"), 0, { now: 0, wall: 0 });
let connected: Awaited<ReturnType<typeof pgClient>>;

beforeAll(async () => {
  connected = await pgClient();
  await connected.client.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
  await dropRoles();
  await connected.client.query(`CREATE ROLE sluice_nobody LOGIN PASSWORD '${PASSWORD}'`);
  await postgres(connected.client, { schema }).migrate();
});
afterAll(async () => {
  await connected.client.query("DROP OWNED BY sluice_nobody");
  await dropRoles();
  await connected.end();
});

/** Roles are those of the whole server, not of a database. */
async function dropRoles(): Promise<void> {
  await connected.client.query("DROP ROLE IF EXISTS sluice_nobody, sluice_single");
}

function told(client: PostgresClient, from: string = schema): Promise<unknown> {
  return ledgerOn(client, { schema: from }, "failing")
    .reserve(askFor("k", plan, [[1]]))
    .catch((error: unknown) => error);
}

function urlAs(user: string): string {
  const url = new URL(inject("postgresUrl"));
  url.username = user;
  url.password = PASSWORD;
  return url.href;
}

function sentence(code: string, ...parts: string[]): unknown {
  return expect.objectContaining({
    code,
    message: expect.stringMatching(new RegExp(parts.join(".*"), "s")) as string,
  }) as unknown;
}

test("a schema that is not there", async () => {
  expect(await told(connected.client, "nowhere")).toEqual(
    sentence("STORE_UNAVAILABLE", "nowhere", "run migrate\\(\\)", "`sluice migrate`"),
  );
});

test.each([
  [1, sentence("STORE_UNAVAILABLE", "has version 1", "run migrate\\(\\)", "`sluice migrate`")],
  [99, sentence("STORE_CORRUPT", "version 99", "update Sluice here")],
])("a schema of version %i, until it is mended", async (version, expected) => {
  const other = `failures_version_${version}`;
  await connected.client.query(`DROP SCHEMA IF EXISTS ${other} CASCADE`);
  const store = postgres(connected.client, { schema: other });
  await store.migrate();
  const { rows } = await connected.client.query(`SELECT version FROM ${other}.version`);
  const ledger = ledgerOn(connected.client, { schema: other }, "versions");
  await connected.client.query(`UPDATE ${other}.version SET version = ${version}`);
  await expect(ledger.reserve(askFor("k", plan, [[1]]))).rejects.toEqual(expected);
  const right = (rows as { version: number }[])[0]!.version;
  if (version < right) await store.migrate();
  else await connected.client.query(`UPDATE ${other}.version SET version = ${right}`);
  expect((await ledger.reserve(askFor("k", plan, [[1]]))).admitted).toBe(1);
});

test("a role without rights, to decide and to migrate", async () => {
  const pool = new pg.Pool({ connectionString: urlAs("sluice_nobody"), max: 1 });
  expect(await told(pool)).toEqual(sentence("STORE_UNAVAILABLE", "permission denied", "grant"));
  await expect(postgres(pool, { schema: "elsewhere" }).migrate()).rejects.toEqual(
    sentence("STORE_UNAVAILABLE", "permission denied", "owner"),
  );
  for (const right of [
    `USAGE ON SCHEMA ${schema}`,
    `USAGE ON ALL SEQUENCES IN SCHEMA ${schema}`,
    `SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${schema}`,
  ]) {
    await connected.client.query(`GRANT ${right} TO sluice_nobody`);
  }
  expect(await told(pool)).toMatchObject({ admitted: 1 });
  await connected.client.query(`REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA ${schema} FROM PUBLIC`);
  expect(await told(pool)).toEqual(
    sentence("STORE_UNAVAILABLE", "permission denied for function", "and EXECUTE on its functions"),
  );
  await connected.client.query(
    `GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ${schema} TO sluice_nobody`,
  );
  expect(await told(pool)).toMatchObject({ admitted: 1 });
  await connected.client.query(`GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ${schema} TO PUBLIC`);
  await pool.end();
});

test("a client that was closed", async () => {
  const pool = new pg.Pool({ connectionString: inject("postgresUrl") });
  await pool.end();
  expect(await told(pool)).toEqual(sentence("STORE_UNAVAILABLE", "end", "the client was closed"));
  const client = new pg.Client({ connectionString: inject("postgresUrl") });
  await client.connect();
  await client.end();
  expect(await told(client)).toEqual(sentence("STORE_UNAVAILABLE", "closed"));
  const sql = postgresJs(inject("postgresUrl"), { max: 1 });
  await sql.end();
  expect(await told(sql)).toEqual(sentence("STORE_UNAVAILABLE", "the client was closed"));
});

test("a client that was never connected", async () => {
  const client = new pg.Client({ connectionString: inject("postgresUrl") });
  expect(await told(client)).toEqual(sentence("STORE_UNAVAILABLE", "await its connect\\(\\)"));
});

test("a server that is not there", async () => {
  const pool = new pg.Pool({ connectionString: "postgres://postgres@127.0.0.1:1/postgres" });
  expect(await told(pool)).toEqual(sentence("STORE_UNAVAILABLE", "ECONNREFUSED", "connection"));
  await pool.end();
});

test("a server that only reads", async () => {
  const pool = new pg.Pool({ connectionString: inject("postgresUrl"), max: 1 });
  await pool.query("SET default_transaction_read_only = on");
  expect(await told(pool)).toEqual(sentence("STORE_UNAVAILABLE", "read-only", "primary"));
  await pool.end();
});

test.each(["statement", "lock"])("a role whose %s timeout is over", async (what) => {
  const lock = await pgClient();
  await told(connected.client);
  await lock.client.query("BEGIN");
  await lock.client.query(`SELECT FROM ${schema}.budgets FOR UPDATE`);
  const url = `${inject("postgresUrl")}?options=-c%20${what}_timeout%3D20`;
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  const sql = postgresJs(inject("postgresUrl"), { connection: { [`${what}_timeout`]: 20 } });
  for (const client of [pool, sql]) {
    expect(await told(client)).toEqual(
      sentence("STORE_TIMEOUT", "took nothing", `${what} timeout`, "give its role more time"),
    );
  }
  await lock.end();
  await pool.end();
  await sql.end();
});

test("a connection that the server ends in the middle", async () => {
  const lock = await pgClient();
  const pool = new pg.Pool({ connectionString: inject("postgresUrl"), max: 1 });
  pool.on("error", () => undefined);
  await told(pool);
  const [{ pid }] = (await pool.query("SELECT pg_backend_pid() AS pid")).rows as [{ pid: number }];
  await lock.client.query("BEGIN");
  await lock.client.query(`SELECT FROM ${schema}.budgets FOR UPDATE`);
  const waits = told(pool);
  const waiting = `SELECT FROM pg_stat_activity WHERE pid = ${pid} AND wait_event_type = 'Lock'`;
  while ((await connected.client.query(waiting)).rows.length === 0);
  await connected.client.query(`SELECT pg_terminate_backend(${pid})`);
  expect(await waits).toEqual(sentence("STORE_UNAVAILABLE", "terminating", "ask again"));
  await lock.end();
  // The pool connects anew.
  expect(await told(pool)).toMatchObject({ admitted: 1 });
  await pool.end();
});

test("a database that is not there, and a role that has all its connections", async () => {
  const url = new URL(inject("postgresUrl"));
  url.pathname = "/sluice_no_such_database";
  const none = new pg.Pool({ connectionString: url.href });
  expect(await told(none)).toEqual(sentence("STORE_UNAVAILABLE", "does not exist", "database"));
  await none.end();
  await connected.client.query(
    `CREATE ROLE sluice_single LOGIN CONNECTION LIMIT 0 PASSWORD '${PASSWORD}'`,
  );
  const pool = new pg.Pool({ connectionString: urlAs("sluice_single") });
  expect(await told(pool)).toEqual(sentence("STORE_UNAVAILABLE", "too many", "more connections"));
  await pool.end();
});

test.each([
  ["53100", "disk_full", "No space left on device"],
  ["58030", "io_error", "could not write to file"],
  ["53200", "out_of_memory", "out of memory"],
])("a server that cannot write, as with %s", async (code, name, message) => {
  const full = `failures_${name}`;
  await connected.client.query(`DROP SCHEMA IF EXISTS ${full} CASCADE`);
  await postgres(connected.client, { schema: full }).migrate();
  await connected.client.query(
    `CREATE FUNCTION ${full}.fail() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION '${message}' USING ERRCODE = '${code}'; END $$`,
  );
  await connected.client.query(
    `CREATE TRIGGER fail BEFORE INSERT ON ${full}.budgets EXECUTE FUNCTION ${full}.fail()`,
  );
  expect(await told(connected.client, full)).toEqual(
    sentence("STORE_UNAVAILABLE", message, "room on its disk"),
  );
});

const hostile = [
  "",
  "\0",
  "a\0b",
  "%",
  "%0000",
  "{}",
  '{"a",NULL}',
  "NULL",
  "\\",
  '"',
  "'; DROP SCHEMA failures_test; --",
  "a\nb\tc",
  " k ",
  "\ud800",
  "\udc00\ud800",
  "👩‍👩‍👧",
  "é",
  "e\u0301",
  "k".repeat(10_000),
  `${"\0".repeat(10_000)}!`,
];

test.each([
  ["pg", pgPool],
  ["postgres", postgresSql],
])("%s: keys of any characters are as many budgets, however they travel", async (name, connect) => {
  const { client, end } = connect();
  const ledger = ledgerOn(client, { schema }, `hostile ${name} '"\\{}\0`);
  const single = compile(window(1, "1h"), 0, { now: 0, wall: 0 });
  const ask = (key: string) => ledger.reserve(askFor(key, single, [[1]]));
  const all = await Promise.all(hostile.map(ask));
  expect(all.map(({ admitted }) => admitted)).toEqual(hostile.map(() => 1));
  for (const key of hostile) expect([key, (await ask(key)).admitted]).toEqual([key, 0]);
  expect((await ledger.keys()).toSorted()).toEqual(hostile.toSorted());
  await end();
});

test("an isolation in which who waited has to begin again", async () => {
  const pool = new pg.Pool({ connectionString: inject("postgresUrl"), max: 1 });
  await told(pool);
  await pool.query("SET default_transaction_isolation = 'repeatable read'");
  const lock = new pg.Client({ connectionString: inject("postgresUrl") });
  await lock.connect();
  await lock.query("BEGIN");
  await lock.query(`UPDATE ${schema}.budgets SET seen = seen WHERE limiter = 'failing'`);
  const waits = told(pool);
  for (;;) {
    const waiting =
      "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~ 'failures_test'";
    if ((await connected.client.query(waiting)).rows.length > 0) break;
  }
  await lock.query("COMMIT");
  expect(await waits).toEqual(sentence("STORE_BUSY", "serialize", "read committed"));
  await lock.end();
  await pool.end();
});

test("a log that lost a piece", async () => {
  const ledger = ledgerOn(connected.client, { schema }, "torn");
  const wide = compile(window(300, "1h"), 0, { now: 0, wall: 0 });
  await ledger.reserve(askFor("k", wide, [[300]]));
  await connected.client.query(`DELETE FROM ${schema}.log`);
  await expect(ledger.reserve(askFor("k", wide, [[1]]))).rejects.toEqual(
    sentence("STORE_CORRUPT", '^the key "k" of "torn"', "reset"),
  );
  await ledger.amend([{ kind: "reset", key: "k" }]);
  expect((await ledger.reserve(askFor("k", wide, [[1]]))).admitted).toBe(1);
});

test("a failure rejects every verb of a limiter, and what waits", async () => {
  const limiter = createLimiter("5/1h", {
    name: "x",
    store: postgres(connected.client, { schema: "nowhere" }),
  });
  for (const verb of ["tryAcquire", "acquire", "reserve", "peek", "keys"] as const) {
    await expect(limiter[verb]()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  }
  await limiter[Symbol.asyncDispose]();
});

test.each([
  ["nothing", undefined],
  ["an object", {}],
  ["an address", "postgres://localhost"],
])("%s is no client", (_, client) => {
  expect(() => postgres(client as unknown as PostgresClient)).toThrow(
    expect.objectContaining({ code: "INVALID_OPTION" }) as Error,
  );
});

test.each(["", 'a"b', "x".repeat(64), "a.b", 7])("%s is no schema", (bad) => {
  expect(() => postgres(connected.client, { schema: bad as string })).toThrow(
    expect.objectContaining({ code: "INVALID_OPTION" }) as Error,
  );
});
