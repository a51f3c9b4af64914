// Long logs, which lie in a key of their own: replayed through the pure functions, they answer the
// same, while they grow, wrap, give back, and follow a clock that was set back.
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { redis } from "../../src/stores/redis.ts";
import type { Change, Ledger } from "../../src/stores/store.ts";
import type { ManualClock } from "../../src/testing/manual-clock.ts";
import { replay, serverClock, takeADay, traces } from "../remote/long-logs.ts";
import { ioRedis, TimedClient } from "./clients.ts";
import { scopeOf } from "../scope.ts";

const connected = ioRedis();
afterAll(() => connected.end());

let opened = 0;

function open(prefix: string): { ledger: Ledger<false>; clock: ManualClock } {
  const clock = serverClock();
  const client = new TimedClient(connected.client);
  client.clock = clock;
  const scope = scopeOf({ name: `ring-${opened++}`, clock });
  return { ledger: redis(client, { prefix }).open(scope), clock };
}

test("random traces", async () => {
  await fc.assert(
    fc.asyncProperty(traces, async (trace) => {
      const { ledger, clock } = open("trace:");
      await replay(trace, ledger, clock);
      await ledger.amend([{ kind: "reset", key: "k" }]);
    }),
    { numRuns: 40 },
  );
});

test("10,000 a day take at most 16 bytes each, and give them back when they are over", async () => {
  const { ledger, clock } = open("day:");
  const hundred = await takeADay(ledger, clock);
  const names = await connected.client.keys("day:*");
  const sizes = await Promise.all(names.map((name) => connected.client.memory("USAGE", name)));
  expect(sizes.reduce((sum: number, size) => sum + (size ?? 0), 0)).toBeLessThan(16 * 10_000);
  expect((await ledger.reserve(hundred)).admitted).toBe(0);
  clock.block(3 * 86_400e3);
  expect(await ledger.keys()).toEqual([]);
  expect(await connected.client.keys("day:*")).toEqual([]);
});

test("what was taken long ago is given back to a long log", async () => {
  const { ledger, clock } = open("back:");
  const { plan, ...hundred } = await takeADay(ledger, clock);
  const start = Math.round(clock.wall() * 1e3) - 100_000;
  const { now } = await ledger.reserve({ ...hundred, plan });
  expect(now).toBe(start + 100_000);
  // The tenth hundred is far from the newest, the last but one is near.
  const first = (n: number): Change[] => {
    const change = { key: "k", plan, ticket: start + n, at: start + 1_000 * n };
    return [{ kind: "cancel", ...change, taken: [60], actual: [0] }];
  };
  await ledger.amend([...first(10), ...first(98)]);
  const one = { ...hundred, plan, costs: [[60]] };
  expect((await ledger.reserve({ ...one, costs: [[60], [61]] })).admitted).toBe(1);
  expect((await ledger.reserve(one)).admitted).toBe(1);
  const refused = await ledger.reserve({ ...one, costs: [[1]] });
  expect([refused.admitted, refused.until]).toEqual([0, start + 86_400e6]);
});
