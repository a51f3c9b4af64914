// A hot standby as the client's server: it reads and does not decide. When it takes over, whoever waits
// goes on.
import { rm } from "node:fs/promises";
import pg from "pg";
import postgresJs from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createLimiter, type Limiter, window } from "../../src/index.ts";
import { fallback, type FallbackOptions } from "../../src/stores/fallback.ts";
import { type PostgresClient, postgres } from "../../src/stores/postgres.ts";
import { worstWindow } from "../../src/testing/window-oracle.ts";
import { postgresCommand, postgresUrl, standbyCommand, takesQueries } from "../servers/postgres.ts";
import { type Command, launch, type Running, temporaryFolder } from "../servers/server-process.ts";
import { TcpProxy } from "../servers/tcp-proxy.ts";

let folder: string;
let [primary, standby]: Command[] = [];
let [running, following]: Running[] = [];
const leave: (() => unknown)[] = [];
/** An answer on the way for longer counts twice, and that is not what is tested. */
const GRACE = "1m";

beforeAll(async () => {
  folder = await temporaryFolder();
  leave.push(() => rm(folder, { recursive: true, force: true }));
  primary = await postgresCommand(folder);
  running = await launch(primary);
  leave.unshift(() => running!.stop());
  await takesQueries(primary);
  const pool = poolOf(primary.port);
  await postgres(pool).migrate();
  // Durable: the copy must have it.
  const store = postgres(pool, { durable: true, grace: GRACE });
  const limiter = createLimiter("5/1h", { name: "kept", store });
  await limiter.tryAcquire({ key: "full", cost: 5 });
  standby = await standbyCommand(folder, primary);
  following = await launch(standby);
  leave.unshift(() => following!.stop());
  await takesQueries(standby);
});
afterAll(async () => {
  for (const each of leave) await each();
});

function poolOf(port: number): pg.Pool {
  const pool = new pg.Pool({ connectionString: postgresUrl(port) });
  pool.on("error", () => undefined); // calls say it
  leave.unshift(() => pool.end());
  return pool;
}

function sqlOf(port: number): PostgresClient {
  const sql = postgresJs(postgresUrl(port), {
    max: 2,
    fetch_types: false,
    onnotice: () => undefined,
  });
  leave.unshift(() => sql.end());
  return sql;
}

test.each([
  ["pg", poolOf],
  ["postgres", sqlOf],
])("%s: a standby fails with a sentence, and tells what it can read", async (_, connect) => {
  const client = connect(standby!.port);
  const limiter = createLimiter("5/1h", {
    name: "kept",
    store: postgres(client, { grace: GRACE }),
  });
  const onlyReads = {
    code: "STORE_UNAVAILABLE",
    message: expect.stringMatching(
      /^PostgreSQL did not decide \(cannot execute .* in a read-only transaction\); connect to the primary, not to a standby that only reads\.$/,
    ) as string,
  };
  await expect(limiter.tryAcquire({ key: "new" })).rejects.toMatchObject(onlyReads);
  await expect(limiter.acquire({ key: "new" })).rejects.toMatchObject(onlyReads);
  await expect(limiter.pause("1s")).rejects.toMatchObject(onlyReads);
  await expect(postgres(client, { schema: "other" }).migrate()).rejects.toMatchObject(onlyReads);
  expect(await limiter.peek({ key: "full" })).toMatchObject({ granted: false, limit: "5/1h" });
  expect(await limiter.peek({ key: "new" })).toMatchObject({ granted: true });
  expect(await limiter.keys()).toEqual(["full"]);

  const choices: [FallbackOptions["onFailure"], object][] = [
    ["refuse", { granted: false, limit: "fallback" }],
    ["allow", { granted: true }],
    [{ share: 0.5 }, { granted: true }],
  ];
  for (const [onFailure, answer] of choices) {
    const store = fallback(postgres(client, { grace: GRACE }), { onFailure });
    const wrapped = createLimiter("5/1h", { name: "kept", store });
    expect(await wrapped.tryAcquire({ key: "new" })).toMatchObject(answer);
    await wrapped[Symbol.asyncDispose]();
  }
  await limiter[Symbol.asyncDispose]();
});

test("a standby takes over: whoever waits goes on, and no more passes than was not replicated", async () => {
  const proxy = await TcpProxy.to(primary!.port);
  leave.unshift(() => proxy.stop());
  const clients = [poolOf(proxy.port), sqlOf(proxy.port)];
  const rule = {
    onFailure: "refuse",
    deadline: "1s",
    circuit: { failures: 2, pause: "100ms" },
  } as const;
  const limiters = clients.map((client): Limiter<ReturnType<typeof window>, false> =>
    createLimiter(window(4, "300ms"), {
      name: "moves",
      store: fallback(postgres(client, { grace: "500ms" }), rule),
    }),
  );
  const passed: number[] = [];
  const call = async (i: number): Promise<void> => {
    const permit = await limiters[i % 2]!.acquire();
    passed.push(performance.now());
    expect(permit.ticket).toBeGreaterThan(0);
  };
  const calls = Array.from({ length: 24 }, (_, i) => call(i));
  while (passed.length < 6) await new Promise((done) => setTimeout(done, 5));
  await running!.stop("QUIT");
  await poolOf(standby!.port).query("SELECT pg_promote(true, 30)");
  proxy.target = { port: standby!.port, host: "127.0.0.1" };
  proxy.breakAll();
  await Promise.all(calls);
  // Four, and at the most four more that the standby had not heard of.
  const passes = passed.map((at) => ({ at: Math.round(at * 1e3), units: 1 }));
  expect(worstWindow(passes, 300_000).units).toBeLessThanOrEqual(8);
  for (const limiter of limiters) await limiter[Symbol.asyncDispose]();
});
