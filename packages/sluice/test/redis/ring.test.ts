// Long logs, which lie in a key of their own: replayed through the pure functions, they answer the
// same, while they grow, wrap, give back, and follow a clock that was set back.
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { compile } from "../../src/limits/plan.ts";
import type { WindowLimit } from "../../src/limits/limit.ts";
import { window } from "../../src/limits/window/window.ts";
import { redis } from "../../src/stores/redis.ts";
import { manualClock } from "../../src/testing/manual-clock.ts";
import { GrowingState } from "../limits/growing-state.ts";
import { ioRedis, TimedClient } from "./clients.ts";

const connected = ioRedis();
afterAll(() => connected.end());

const plan = compile([window(150, 1), window(400, 20)], 0, { now: 0, wall: 0 });
const limit = plan.rules[0]!.limit as WindowLimit;

const steps = fc.array(
  fc.record({
    gap: fc.oneof(fc.constant(0), fc.nat({ max: 3_000 }), fc.constant(30_000)),
    costs: fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 4 }),
    maxWait: fc.constantFrom(0, 0, 5_000, 1e9),
    giveBack: fc.nat({ max: 9 }),
  }),
  { minLength: 10, maxLength: 40 },
);

let opened = 0;

test("random traces", async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (trace) => {
      const clock = manualClock({ now: 0, wall: Date.UTC(2026, 0, 1) });
      const client = new TimedClient(connected.client);
      client.clock = clock;
      const name = `ring-${opened++}`;
      const scope = { name, clock, maxKeys: 1, start: "full" as const };
      const hooks = { isWaited: () => false, onFreed: () => undefined };
      const ledger = redis(client).open({ ...scope, ...hooks });
      const twin = new GrowingState(limit);
      const admitted: { at: number; ticket: number; cost: number }[] = [];
      for (const { gap, costs, maxWait, giveBack } of trace) {
        clock.block(gap / 1e3);
        const now = Math.round(clock.wall() * 1e3);
        const moment = { now, wall: now, since: now };
        const asked = { key: "k", plan, costs: costs.map((each) => [each]), maxWait };
        const answer = await ledger.reserve({ ...asked, since: undefined, deferred: false });
        const instants: number[] = [];
        for (const cost of costs) {
          const at = twin.earliest(cost, moment);
          if (at > now + maxWait) {
            expect(answer.until).toBe(at);
            break;
          }
          twin.commit(cost, at, moment);
          admitted.push({ at, ticket: answer.tickets[instants.length]!, cost });
          instants.push(at);
        }
        expect(answer.instants).toEqual(instants);
        const back = giveBack < 5 ? admitted.splice(giveBack % (admitted.length || 1), 1)[0] : null;
        if (!back) continue;
        const { at, ticket, cost } = back;
        const actual = [cost >> 1];
        const change = {
          kind: "settle" as const,
          key: "k",
          plan,
          ticket,
          at,
          taken: [cost],
          actual,
        };
        await ledger.amend([change]);
        twin.refund(cost - actual[0]!, cost, at, moment);
      }
      await ledger.amend([{ kind: "reset", key: "k" }]);
    }),
    { numRuns: 40 },
  );
});

test("10,000 a day take at most 16 bytes each, and give them back when they are over", async () => {
  const scope = { maxKeys: 1, start: "full" as const, isWaited: () => false };
  const clock = manualClock({ now: 0, wall: Date.UTC(2026, 0, 1) });
  const client = new TimedClient(connected.client);
  client.clock = clock;
  const day = compile(window(10_000, "1d"), 0, { now: 0, wall: 0 });
  const ledger = redis(client, { prefix: "day:" }).open({
    ...scope,
    name: "d",
    clock,
    onFreed: () => undefined,
  });
  const costs = Array.from({ length: 100 }, () => [1]);
  const ask = { key: "k", plan: day, costs, maxWait: 0, since: undefined, deferred: false };
  for (let i = 0; i < 100; i++) {
    const { admitted } = await ledger.reserve(ask);
    expect(admitted).toBe(100);
    clock.block(1);
  }
  const names = await connected.client.keys("day:*");
  const sizes = await Promise.all(names.map((name) => connected.client.memory("USAGE", name)));
  expect(sizes.reduce((sum: number, size) => sum + (size ?? 0), 0)).toBeLessThan(16 * 10_000);
  expect((await ledger.reserve(ask)).admitted).toBe(0);
  clock.block(3 * 86_400e3);
  expect(await ledger.keys()).toEqual([]);
  expect(await connected.client.keys("day:*")).toEqual([]);
});
