// The servers that the other tests of this project use are there.
import { Redis } from "ioredis";
import { connect } from "node:net";
import { once } from "node:events";
import pg from "pg";
import { expect, inject, test } from "vitest";
import { givenPostgres, givenRedis } from "./given.ts";

test("a single Redis", async () => {
  const client = new Redis(inject("redisUrl"));
  expect(await client.ping()).toBe("PONG");
  client.disconnect();
});

test("a Cluster of three", async () => {
  for (const port of inject("redisClusterPorts")) {
    const client = new Redis(port, "127.0.0.1");
    expect(await client.cluster("INFO")).toContain("cluster_slots_ok:16384");
    client.disconnect();
  }
});

test("a PostgreSQL that answers", async () => {
  const { hostname, port } = new URL(inject("postgresUrl"));
  const socket = connect(Number(port), hostname);
  // A request for encryption, which every server answers with one letter.
  socket.write(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]));
  const [answer] = (await once(socket, "data")) as [Buffer];
  expect(["S", "N"]).toContain(answer.toString());
  socket.destroy();
});

test("a Redis that is given keeps what is in it, and nothing of the tests", async () => {
  const admin = new Redis(inject("redisUrl"));
  await admin.select(14);
  await admin.set("theirs", "1");
  const given = inject("redisUrl").replace(/\/\d+$/, "");
  const stops: (() => Promise<void>)[] = [];
  const urls = [await givenRedis(given, stops), await givenRedis(`${given}/13`, stops)];
  expect(urls).toEqual([expect.not.stringMatching(/\/14$/), `${given}/13`]);
  expect(urls[0]).not.toBe(urls[1]);
  await expect(givenRedis(`${given}/14`, stops)).rejects.toThrow(
    "none of its databases 14 is empty",
  );
  const ours = new Redis(urls[1]!);
  await ours.set("ours", "1");
  for (const stop of stops) await stop();
  expect(await ours.dbsize()).toBe(0);
  ours.disconnect();
  expect(await admin.get("theirs")).toBe("1");
  await admin.flushdb();
  admin.disconnect();
});

test("of a PostgreSQL that is given the tests have a database, which goes with them", async () => {
  const admin = new pg.Client(inject("postgresUrl"));
  await admin.connect();
  const databases = async () =>
    (await admin.query("SELECT datname FROM pg_database ORDER BY 1")).rows as unknown[];
  const before = await databases();
  const stops: (() => Promise<void>)[] = [];
  const own = new pg.Client(await givenPostgres(inject("postgresUrl"), stops));
  own.on("error", () => undefined); // its database is dropped
  await own.connect();
  expect(await databases()).toHaveLength(before.length + 1);
  for (const stop of stops) await stop();
  expect(await databases()).toEqual(before);
  await admin.end();
});

test.each([
  [givenRedis, "redis://u:secret@127.0.0.1:1", "REDIS_URL", "ECONNREFUSED"],
  [givenRedis, "127.0.0.1:6379", "REDIS_URL", "redis://host:port was due"],
  [givenPostgres, "postgres://u:secret@127.0.0.1:1/db", "POSTGRES_URL", "ECONNREFUSED"],
  [givenPostgres, "localhost", "POSTGRES_URL", "postgres://host:port/database was due"],
])("%o of %s says what is wrong with it", async (given, url, variable, reason) => {
  const error = await given(url, []).catch((failure: Error) => failure.message);
  expect(error).toMatch(/^\S[^\n]* is "[^\n]*", and the tests cannot use it \([^\n]*\); [^\n]*\.$/);
  expect(error).toContain(variable);
  expect(error).toContain(reason);
  expect(error).not.toContain("secret");
});
