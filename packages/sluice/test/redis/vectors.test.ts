// The scripts answer what the vectors say that the algorithms' TypeScript and SQL answer too.
import { afterAll, beforeAll, test } from "vitest";
import { redis } from "../../src/stores/redis.ts";
import { playOn } from "../vectors/play.ts";
import { vectorKinds, vectorsOf } from "../vectors/vector.ts";
import { ioRedis, TimedClient } from "./clients.ts";

const prefix = "vectors:";
const connected = ioRedis();

beforeAll(async () => {
  const left = await connected.client.keys(`${prefix}*`);
  if (left.length > 0) await connected.client.del(left);
});
afterAll(() => connected.end());

test.each(vectorKinds)("%s", async (kind) => {
  for (const vector of vectorsOf(kind)) {
    await playOn((clock) => {
      const client = new TimedClient(connected.client);
      client.clock = clock;
      return redis(client, { prefix });
    }, vector);
  }
});
