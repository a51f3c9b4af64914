// Sentinel makes the replica the primary when that is killed: through both clients whoever waits goes on.
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { createSentinel } from "redis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createLimiter, window } from "../../src/index.ts";
import { fallback } from "../../src/stores/fallback.ts";
import { redis, type RedisClient } from "../../src/stores/redis.ts";
import { worstWindow } from "../../src/testing/window-oracle.ts";
import { redisCommand } from "../servers/redis.ts";
import { freePort, launch, type Running, temporaryFolder } from "../servers/server-process.ts";

const NAME = "primary";
const leave: (() => unknown)[] = [];
let primary: Running;
let sentinel: { readonly host: string; readonly port: number };

beforeAll(async () => {
  const folder = await temporaryFolder();
  leave.push(() => rm(folder, { recursive: true, force: true }));
  const soon = ["--repl-diskless-sync-delay", "0"];
  const first = await redisCommand(folder, soon);
  const follows = ["--replicaof", "127.0.0.1", String(first.port)];
  const second = await redisCommand(folder, [...soon, ...follows]);
  primary = await launch(first);
  leave.unshift(() => primary.stop());
  const replica = await launch(second);
  leave.unshift(() => replica.stop());
  sentinel = { host: "127.0.0.1", port: await freePort() };
  const watch = `sentinel monitor ${NAME} 127.0.0.1 ${first.port} 1`;
  const times = [`down-after-milliseconds ${NAME} 1000`, `failover-timeout ${NAME} 5000`];
  const settings = [`port ${sentinel.port}`, "bind 127.0.0.1", `dir ${folder}`, watch];
  const file = join(folder, "sentinel.conf");
  await writeFile(file, [...settings, ...times.map((each) => `sentinel ${each}`), ""].join("\n"));
  const args = [file, "--sentinel"];
  const watching = await launch({ file: first.file, args, port: sentinel.port, signal: "KILL" });
  leave.unshift(() => watching.stop());
  const admin = new Redis(sentinel);
  leave.unshift(() => admin.disconnect());
  const replicas = async (): Promise<string> =>
    String(await admin.call("SENTINEL", "replicas", NAME));
  while (!(await replicas()).includes("master-link-status,ok")) await sleep(20);
}, 60_000);
afterAll(async () => {
  for (const each of leave) await each();
});

function ioRedis(): RedisClient {
  const client = new Redis({ sentinels: [sentinel], name: NAME, retryStrategy: () => 50 });
  client.on("error", () => undefined); // calls say it
  leave.unshift(() => client.disconnect());
  return client;
}

async function nodeRedis(): Promise<RedisClient> {
  const client = createSentinel({ name: NAME, sentinelRootNodes: [sentinel] });
  client.on("error", () => undefined);
  await client.connect();
  leave.unshift(() => client.destroy());
  return client as unknown as RedisClient;
}

test("a failover: all who wait go on, and no more passes than was not replicated", async () => {
  const clients = [ioRedis(), await nodeRedis()];
  const rule = { deadline: "500ms", circuit: { failures: 2, pause: "100ms" } } as const;
  const limiters = clients.map((client) =>
    createLimiter(window(4, "300ms"), {
      name: "moves",
      store: fallback(redis(client, { grace: "500ms" }), { onFailure: "refuse", ...rule }),
    }),
  );
  const passed: number[] = [];
  const call = async (i: number): Promise<void> => {
    await limiters[i % 2]!.acquire();
    passed.push(performance.now());
  };
  const calls = Array.from({ length: 24 }, (_, i) => call(i));
  while (passed.length < 6) await sleep(5);
  await primary.stop();
  await Promise.all(calls);
  const passes = passed.map((at) => ({ at: Math.round(at * 1e3), units: 1 }));
  expect(worstWindow(passes, 300_000).units).toBeLessThanOrEqual(8);
  for (const limiter of limiters) {
    expect(await limiter.keys()).toEqual([""]);
    await limiter[Symbol.asyncDispose]();
  }
});
