// Costs that are all the same are taken together where they may be, as if they had come one by one.
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { concurrency } from "../../src/limits/concurrency/builder.ts";
import { compile, type LimitsInput, type Plan } from "../../src/limits/plan.ts";
import { pace } from "../../src/limits/pace/builder.ts";
import { quota } from "../../src/limits/quota/builder.ts";
import { window } from "../../src/limits/window/window.ts";
import { redis } from "../../src/stores/redis.ts";
import { askFor, type Answer, type Ledger } from "../../src/stores/store.ts";
import { manualClock } from "../../src/testing/manual-clock.ts";
import { ioRedis, TimedClient } from "./clients.ts";
import { scopeOf } from "../scope.ts";

const connected = ioRedis();
afterAll(() => connected.end());

const limits: Record<string, LimitsInput> = {
  "a window": window(20, "10ms"),
  "a long window": window(150, "10ms"),
  "several windows": [window(10, "3ms"), window(25, "20ms")],
  "a pace": pace("3000/s", { burst: 12 }),
  "a pace of sevenths": pace("7000/s", { burst: 12 }),
  "a window in parts": window(40, "20ms", { parts: 4 }),
  "a window in parts of some": window(40_000, "20ms", { parts: 4 }),
  "a quota": quota(30, "15ms"),
  "a calendar quota": quota(30, "day"),
  "several kinds": [pace("3000/s", { burst: 12 }), window(20, "10ms"), quota(60, "15ms")],
  "slots as well": [concurrency(8), window(20, "10ms")],
};

const steps = fc.array(
  fc.record({
    gap: fc.oneof(fc.constant(0), fc.nat({ max: 9_000 })),
    cost: fc.integer({ min: 1, max: 3 }),
    times: fc.integer({ min: 2, max: 40 }),
    maxWait: fc.constantFrom(0, 4_000, 30_000),
  }),
  { minLength: 1, maxLength: 12 },
);

let opened = 0;

test.each(Object.entries(limits))("of %s", async (_, input) => {
  const plan = compile(input, 0, { now: 0, wall: 0 });
  await fc.assert(
    fc.asyncProperty(steps, async (trace) => {
      const clock = manualClock({ now: 0, wall: Date.UTC(2026, 0, 1) });
      const client = new TimedClient(connected.client);
      client.clock = clock;
      const names = [`many-${opened}`, `single-${opened++}`];
      const [together, single] = names.map((name) => {
        return redis(client).open(scopeOf({ name, clock }));
      }) as [Ledger<false>, Ledger<false>];
      for (const { gap, cost, times, maxWait } of trace) {
        clock.block(gap / 1e3);
        const many = await ask(together, plan, Array(times).fill(cost), maxWait);
        const instants: number[] = [];
        const tickets: number[] = [];
        let refused: Answer | undefined;
        while (!refused && instants.length < times) {
          const answer = await ask(single, plan, [cost], maxWait);
          if (answer.admitted === 0) refused = answer;
          instants.push(...answer.instants);
          tickets.push(...answer.tickets);
        }
        expect([many.instants, many.tickets]).toEqual([instants, tickets]);
        if (refused) {
          const { until, ownUntil, rule } = refused;
          expect(many).toMatchObject({ until, ownUntil, rule });
        }
        // A log may keep more of what is over.
        if (plan.rules.some(({ kind }) => kind === "window")) continue;
        expect(await stored(names[0]!)).toEqual(await stored(names[1]!));
      }
    }),
    { numRuns: 12 },
  );
});

function ask(
  ledger: Ledger<false>,
  plan: Plan,
  units: readonly number[],
  maxWait: number,
): Promise<Answer> {
  const costs = units.map((each) => plan.rules.map(() => each));
  return ledger.reserve(askFor("k", plan, costs, maxWait));
}

/** The row and what belongs to it, each in bytes. */
async function stored(name: string): Promise<string[]> {
  const rows = (await connected.client.keys(`sluice:${name}:*`)).sort();
  const values = await Promise.all(rows.map((row) => connected.client.getBuffer(row)));
  return values.map((value) => value!.toString("hex"));
}
