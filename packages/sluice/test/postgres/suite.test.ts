// The conformance suite: by the server's own clock through every client, and exactly on a clock that
// stands still.
import { afterAll, beforeAll, describe, test } from "vitest";
import { postgres } from "../../src/stores/postgres.ts";
import type { Store } from "../../src/stores/store.ts";
import { storeSuite } from "../../src/testing/store-suite/suite.ts";
import { type Connected, pgClient, pgPool, postgresSql, TimedClient } from "./clients.ts";

const clients: [name: string, connect: () => Connected | Promise<Connected>][] = [
  ["pg, Pool", pgPool],
  ["pg, Client", pgClient],
  ["postgres", postgresSql],
];

describe.each(clients)("%s", (name, connect) => {
  let connected: Connected;
  const schema = `suite_${name.replace(/\W+/g, "_")}`;
  beforeAll(async () => {
    connected = await connect();
    await postgres(connected.client, { schema }).migrate();
  });
  afterAll(() => connected.end());
  const open = (): Store => postgres(connected.client, { schema });
  for (const { name: rule, run } of storeSuite({ open, clock: "own" })) test(rule, run);
});

describe("on a clock that moves by hand", () => {
  let connected: Awaited<ReturnType<typeof pgClient>>;
  const schema = "suite_timed";
  beforeAll(async () => {
    connected = await pgClient();
    await postgres(new TimedClient(connected.client), { schema }).migrate();
  });
  afterAll(() => connected.end());
  const open = (): Store => {
    const client = new TimedClient(connected.client);
    const store = postgres(client, { schema });
    return {
      ...store,
      open: (scope) => {
        client.clock = scope.clock;
        return store.open(scope);
      },
    };
  };
  const dump = async (): Promise<string> => {
    const rows: unknown[] = [];
    for (const table of ["budgets", "log", "settled"]) {
      const text = `SELECT t::text FROM ${schema}.${table} t ORDER BY 1`;
      rows.push((await connected.client.query(text)).rows);
    }
    return JSON.stringify(rows);
  };
  for (const { name, run } of storeSuite({ open, dump })) test(name, run);
});
