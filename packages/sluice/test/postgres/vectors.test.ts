// The functions answer what the vectors say that the algorithms' TypeScript and Lua answer too.
import { test } from "vitest";
import { postgres } from "../../src/stores/postgres.ts";
import { playOn } from "../vectors/play.ts";
import { vectorKinds, vectorsOf } from "../vectors/vector.ts";
import { TimedClient } from "./clients.ts";
import { freshSchema } from "./fresh-schema.ts";

const schema = "vectors_test";
const connection = freshSchema(schema);

test.each(vectorKinds)("%s", async (kind) => {
  for (const vector of vectorsOf(kind)) {
    await playOn((clock) => {
      const client = new TimedClient(connection());
      client.clock = clock;
      return postgres(client, { schema });
    }, vector);
  }
});
