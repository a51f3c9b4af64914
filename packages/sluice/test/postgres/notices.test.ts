// Releases elsewhere are heard of, where a connection is given for it.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { concurrency } from "../../src/limits/concurrency/builder.ts";
import { compile } from "../../src/limits/plan.ts";
import { createLimiter } from "../../src/index.ts";
import { postgres } from "../../src/stores/postgres.ts";
import { type Connected, pgClient, pgPool, postgresSql } from "./clients.ts";
import { ledgerOn } from "./ledger-on.ts";
import { askFor } from "../../src/stores/store.ts";

const schema = "notices_test";
const plan = compile(concurrency(1), 0, { now: 0, wall: 0 });

const listeners: [name: string, connect: () => Connected | Promise<Connected>][] = [
  ["pg", pgClient],
  ["postgres", postgresSql],
];

let connected: ReturnType<typeof pgPool>;
beforeAll(async () => {
  connected = pgPool();
  await connected.client.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
  await postgres(connected.client, { schema }).migrate();
});
afterAll(() => connected.end());

describe.each(listeners)("%s", (name, connect) => {
  test("a release is told to the others of the same name, and to nobody else", async () => {
    const ear = await connect();
    const options = { schema, listener: ear.client };
    let others = 0;
    const heard = new Promise<void>((resolve) => {
      const other = ledgerOn(connected.client, options, `${name} else`, undefined, () => others++);
      const same = ledgerOn(connected.client, options, name, undefined, resolve);
      expect([other.notifies, same.notifies]).toEqual([true, true]);
    });
    const ledger = ledgerOn(connected.client, options, name);
    const { tickets } = await ledger.reserve(askFor("k", plan, [[1]]));
    // LISTEN is under way on a connection of its own: until it is heard, it is told again.
    const telling = setInterval(() => {
      void ledger.amend([{ kind: "gate", key: "k", plan, until: undefined }]);
    }, 50);
    await ledger.amend([{ kind: "release", key: "k", plan, ticket: tickets[0]! }]);
    await heard;
    clearInterval(telling);
    expect(others).toBe(0);
    await ledger.close();
    await ear.end();
  });

  test("whoever waits for a slot goes on when another process releases it", async () => {
    const ear = await connect();
    const limits = { running: concurrency(1) };
    const open = () =>
      createLimiter(limits, {
        name: `${name} wait`,
        store: postgres(connected.client, { schema, listener: ear.client, grace: "1m" }),
      });
    const [one, two] = [open(), open()];
    const held = await one.acquire();
    const waits = two.acquire();
    await held.release();
    await (await waits).release();
    await one[Symbol.asyncDispose]();
    await two[Symbol.asyncDispose]();
    await ear.end();
  });
});

test("a pool cannot listen", async () => {
  const ledger = ledgerOn(connected.client, { schema, listener: connected.client }, "bad");
  await expect(ledger.close()).rejects.toMatchObject({ code: "INVALID_OPTION" });
});
