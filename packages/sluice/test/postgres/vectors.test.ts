// The functions answer what the vectors say that the algorithms' TypeScript and Lua answer too.
import { afterAll, beforeAll, test } from "vitest";
import { postgres } from "../../src/stores/postgres.ts";
import { playOn } from "../vectors/play.ts";
import { vectorKinds, vectorsOf } from "../vectors/vector.ts";
import { pgClient, TimedClient } from "./clients.ts";

const schema = "vectors_test";
let connected: Awaited<ReturnType<typeof pgClient>>;

beforeAll(async () => {
  connected = await pgClient();
  await connected.client.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
  await postgres(new TimedClient(connected.client), { schema }).migrate();
});
afterAll(() => connected.end());

test.each(vectorKinds)("%s", async (kind) => {
  for (const vector of vectorsOf(kind)) {
    await playOn((clock) => {
      const client = new TimedClient(connected.client);
      client.clock = clock;
      return postgres(client, { schema });
    }, vector);
  }
});
