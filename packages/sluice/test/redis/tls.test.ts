// A Redis behind TLS, with a user, a password and a database of its number: asked, and listened to.
import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { concurrency, createLimiter, window } from "../../src/index.ts";
import { redis, type RedisClient } from "../../src/stores/redis.ts";
import { temporaryFolder } from "../servers/server-process.ts";
import { addressOf, startTlsRedis, type TlsRedis } from "../servers/tls.ts";

const stops: (() => Promise<void>)[] = [];
let server: TlsRedis;
let ca: Buffer;

beforeAll(async () => {
  const folder = await temporaryFolder();
  server = await startTlsRedis(folder, stops);
  ca = readFileSync(server.certificate);
  stops.push(() => rm(folder, { recursive: true, force: true }));
});
afterAll(async () => {
  for (const stop of stops) await stop();
});

interface Connected {
  readonly client: unknown;
  readonly subscriber: object;
  end(): void;
}

function ioRedis(): Promise<Connected> {
  const client = new Redis(addressOf(server, 3), { tls: { ca } });
  const subscriber = client.duplicate();
  const end = (): void => [client, subscriber].forEach((each) => each.disconnect());
  return Promise.resolve({ client, subscriber, end });
}

async function nodeRedis(): Promise<Connected> {
  const client = createClient({ url: addressOf(server, 3), socket: { tls: true, ca } });
  const subscriber = client.duplicate();
  await Promise.all([client.connect(), subscriber.connect()]);
  return { client, subscriber, end: () => [client, subscriber].forEach((each) => each.destroy()) };
}

test.each([
  ["ioredis", ioRedis],
  ["node-redis", nodeRedis],
])("%s", async (name, connect) => {
  const { client, subscriber, end } = await connect();
  const limits = { rate: window(3, "1h"), running: concurrency(1) };
  const limiter = createLimiter(limits, {
    name,
    // An answer on the way for the default of 20 ms, as that to the first call may be, counts twice.
    store: redis(client as RedisClient, { subscriber, grace: "1m" }),
  });
  const held = await limiter.acquire();
  const waits = limiter.acquire();
  await held.release();
  await (await waits).release();
  const last = await limiter.tryAcquire();
  expect(last.granted).toBe(true);
  if (last.granted) await last.release();
  expect(await limiter.tryAcquire()).toMatchObject({ granted: false, limit: "rate" });
  expect(await limiter.keys()).toEqual([""]);
  const other = new Redis(addressOf(server), { tls: { ca } });
  const used = await other.info("keyspace");
  expect(used).toContain("db3:");
  expect(used).not.toContain("db0:");
  other.disconnect();
  await limiter[Symbol.asyncDispose]();
  end();
});
