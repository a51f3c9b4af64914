// Long logs, of which the older pieces have rows of their own: replayed through the pure functions, they
// answer the same while they grow, wrap, give back, and follow a clock that was set back.
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { WindowLimit } from "../../src/limits/limit.ts";
import { compile } from "../../src/limits/plan.ts";
import { window } from "../../src/limits/window/window.ts";
import { postgres } from "../../src/stores/postgres.ts";
import { manualClock } from "../../src/testing/manual-clock.ts";
import { GrowingState } from "../limits/growing-state.ts";
import { pgClient, TimedClient } from "./clients.ts";
import { askFor, ledgerOn } from "./ledger-on.ts";

const schema = "log_test";
let connected: Awaited<ReturnType<typeof pgClient>>;

beforeAll(async () => {
  connected = await pgClient();
  await connected.client.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
  await postgres(new TimedClient(connected.client), { schema }).migrate();
});
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
  let longest = 0;
  await fc.assert(
    fc.asyncProperty(steps, async (trace) => {
      const clock = manualClock({ now: 0, wall: Date.UTC(2026, 0, 1) });
      const client = new TimedClient(connected.client);
      client.clock = clock;
      const name = `ring-${opened++}`;
      const ledger = ledgerOn(client, { schema }, name, clock);
      const twin = new GrowingState(limit);
      const admitted: { at: number; ticket: number; cost: number }[] = [];
      for (const { gap, costs, maxWait, giveBack } of trace) {
        clock.block(gap / 1e3);
        const now = Math.round(clock.wall() * 1e3);
        const moment = { now, wall: now, since: now };
        const asked = costs.map((each) => [each]);
        const answer = await ledger.reserve(askFor(plan, "k", asked, maxWait));
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
        const settled = { plan, ticket, at, taken: [cost], actual: [cost >> 1] };
        await ledger.amend([{ kind: "settle", key: "k", ...settled }]);
        twin.refund(cost - (cost >> 1), cost, at, moment);
      }
      longest = Math.max(longest, await pieces(name));
      await ledger.amend([{ kind: "reset", key: "k" }]);
      expect(await pieces(name)).toBe(0);
    }),
    { numRuns: 40 },
  );
  expect(longest).toBeGreaterThan(5);
});

async function pieces(limiter: string): Promise<number> {
  const text = `SELECT count(*)::int AS n FROM ${schema}.log l JOIN ${schema}.budgets b ON b.id = l.budget WHERE limiter = $1`;
  const { rows } = await connected.client.query(text, [limiter]);
  return (rows as { n: number }[])[0]!.n;
}

test("a decision rewrites no more than the newest piece, and a log that is over is removed", async () => {
  const clock = manualClock({ now: 0, wall: Date.UTC(2026, 0, 1) });
  const client = new TimedClient(connected.client);
  client.clock = clock;
  const day = compile(window(10_000, "1d"), 0, { now: 0, wall: 0 });
  const ledger = ledgerOn(client, { schema }, "day", clock);
  const costs = Array.from({ length: 100 }, () => [1]);
  for (let i = 0; i < 100; i++) {
    expect((await ledger.reserve(askFor(day, "k", costs))).admitted).toBe(100);
    clock.block(1);
  }
  expect(await pieces("day")).toBeGreaterThan(150);
  const row = `SELECT pg_column_size(states) AS n FROM ${schema}.budgets WHERE limiter = 'day'`;
  expect(((await connected.client.query(row)).rows as { n: number }[])[0]!.n).toBeLessThan(1200);
  const before = await versions();
  expect((await ledger.reserve(askFor(day, "k"))).admitted).toBe(0);
  expect(await versions()).toEqual(before);
  clock.block(86_400e3);
  // With each piece that leaves the row some of those that are over go.
  for (let i = 0; i < 10; i++) await ledger.reserve(askFor(day, "k", costs));
  expect(await pieces("day")).toBeLessThan(20);
});

/** Which transaction wrote each piece. */
async function versions(): Promise<unknown[]> {
  return (
    await connected.client.query(`SELECT xmin::text, piece FROM ${schema}.log ORDER BY piece`)
  ).rows as unknown[];
}

test("a long log follows a clock that was set back", async () => {
  const clock = manualClock({ now: 0, wall: Date.UTC(2026, 0, 1) });
  const client = new TimedClient(connected.client);
  client.clock = clock;
  const ledger = ledgerOn(client, { schema }, "back", clock);
  const rate = compile(window(300, "2s"), 0, { now: 0, wall: 0 });
  const { admitted } = await ledger.reserve(askFor(rate, "k", [[300]]));
  expect(admitted).toBe(1);
  clock.stepBack(3_600_000);
  const refused = await ledger.reserve(askFor(rate, "k"));
  expect(refused.admitted).toBe(0);
  expect(refused.until).toBe(refused.now + 2e6);
  clock.block(2_000);
  expect((await ledger.reserve(askFor(rate, "k", [[300]]))).admitted).toBe(1);
});
