// The conformance suite: by the server's own clock through every client, and exactly on a clock that
// stands still.
import { afterAll, beforeAll, describe, test } from "vitest";
import { redis } from "../../src/stores/redis.ts";
import type { Store } from "../../src/stores/store.ts";
import { storeSuite } from "../../src/testing/store-suite/suite.ts";
import {
  type Connected,
  ioRedis,
  ioRedisCluster,
  nodeRedis,
  nodeRedisCluster,
  TimedClient,
} from "./clients.ts";

const clients: [name: string, connect: () => Connected | Promise<Connected>][] = [
  ["ioredis", ioRedis],
  ["ioredis, Cluster", ioRedisCluster],
  ["node-redis", nodeRedis],
  ["node-redis, Cluster", nodeRedisCluster],
];

describe.each(clients)("%s", (name, connect) => {
  let connected: Connected;
  beforeAll(async () => {
    connected = await connect();
  });
  afterAll(() => connected.end());
  const prefix = `${name.replace(/\W/g, "")}:`;
  const open = (): Store => redis(connected.client, { prefix });
  for (const { name: rule, run } of storeSuite({ open, clock: "own" })) test(rule, run);
});

describe("on a clock that moves by hand", () => {
  const connected = ioRedis();
  afterAll(() => connected.end());
  const open = (): Store => {
    const client = new TimedClient(connected.client);
    const store = redis(client, { prefix: "timed:" });
    return {
      ...store,
      open: (scope) => {
        client.clock = scope.clock;
        return store.open(scope);
      },
    };
  };
  const dump = async (): Promise<string> => {
    const names = (await connected.client.keys("timed:*")).sort();
    const values = await Promise.all(names.map((name) => connected.client.getBuffer(name)));
    return JSON.stringify(names.map((name, i) => [name, values[i]?.toString("base64")]));
  };
  for (const { name, run } of storeSuite({ open, dump })) test(name, run);
});
