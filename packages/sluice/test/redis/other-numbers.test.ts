// Callers with other numbers on one name and key: each is judged by its own on the history of all.
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { compile, type LimitsInput, type Plan } from "../../src/limits/plan.ts";
import { paceOf } from "../../src/limits/pace/builder.ts";
import { bordersAt } from "../../src/limits/quota/borders.ts";
import { quota } from "../../src/limits/quota/builder.ts";
import type { QuotaLimit } from "../../src/limits/limit.ts";
import { window } from "../../src/limits/window/window.ts";
import { redis } from "../../src/stores/redis.ts";
import { askFor, type Answer, type Ledger } from "../../src/stores/store.ts";
import { manualClock, type ManualClock } from "../../src/testing/manual-clock.ts";
import { ioRedis, TimedClient } from "./clients.ts";
import { scopeOf } from "../scope.ts";

const connected = ioRedis();
afterAll(() => connected.end());

const HOUR = 3_600_000_000;
let opened = 0;

function open(name: string = `other-${opened++}`): { ledger: Ledger<false>; clock: ManualClock } {
  const clock = manualClock({ now: 0, wall: Date.UTC(2026, 1, 1, 20) });
  const client = new TimedClient(connected.client);
  client.clock = clock;
  return { ledger: redis(client).open(scopeOf({ name, clock })), clock };
}

function plan(limits: LimitsInput): Plan {
  return compile(limits, 0, { now: 0, wall: 0 });
}

function ask(ledger: Ledger<false>, of: Plan, cost = 1): Promise<Answer> {
  const costs = [of.rules.map(() => cost)];
  return ledger.reserve(askFor("k", of, costs));
}

interface Taken {
  readonly at: number;
  readonly units: number;
}

/** A limit, and the most that any of its windows or periods holds that ends in the last admission. */
interface Kind {
  readonly limit: LimitsInput;
  readonly most: number;
  held(taken: readonly Taken[]): number;
}

function parts(count: number, hours: number, pieces: number): Kind {
  const limit = window(count, `${hours}h`, { parts: pieces });
  return {
    limit,
    most: count,
    held: (taken) => sumSince(taken, taken.at(-1)!.at - hours * HOUR + 1),
  };
}

function calendar(count: number, period: "day" | "week" | "month" | "36h"): Kind {
  const limit = quota(count, period) as QuotaLimit;
  return {
    limit,
    most: count,
    held: (taken) => sumSince(taken, bordersAt(limit, taken.at(-1)!.at).start),
  };
}

/** Of a pace the promise is about any stretch of time: what exceeds the rate is never more than the burst. */
function pace(burst: number, perDay: number): Kind {
  return {
    limit: paceOf(perDay, 24 * HOUR, { burst }),
    most: burst,
    held: (taken) => {
      const last = taken.at(-1)!.at;
      const excess = taken.map(
        ({ at }) => sumSince(taken, at) - (perDay * (last - at)) / (24 * HOUR),
      );
      return Math.max(...excess) - 1e-6;
    },
  };
}

function sumSince(taken: readonly Taken[], from: number): number {
  return taken.reduce((sum, { at, units }) => sum + (at >= from ? units : 0), 0);
}

const families: Record<string, readonly Kind[]> = {
  "windows in parts": [parts(12, 48, 4), parts(7, 11, 2), parts(5, 5, 5)],
  quotas: [calendar(14, "month"), calendar(9, "week"), calendar(6, "36h"), calendar(4, "day")],
  paces: [pace(3, 1), pace(3, 24), pace(5, 6)],
};

/** All within the first month, so that nobody has to begin anew without knowing what was. */
const steps = fc.array(
  fc.record({
    gap: fc.oneof(fc.constant(0), fc.nat({ max: 4 }), fc.nat({ max: 20 })),
    who: fc.nat(),
    cost: fc.integer({ min: 1, max: 3 }),
  }),
  { minLength: 10, maxLength: 60 },
);

describe.each(Object.entries(families))("%s of other numbers", (_, kinds) => {
  const plans = kinds.map(({ limit }) => plan(limit));

  test("are never given more than their own, whoever took the rest", async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (trace) => {
        const { ledger, clock } = open();
        const taken: Taken[] = [];
        // What was admitted before somebody came is known to it as far as the others know it: so all
        // come at once, those who count for the longest time first.
        const all = kinds.map((__, i) => ({ gap: 0, who: i, cost: 1 }));
        for (const { gap, who, cost } of [...all, ...trace]) {
          clock.block(gap * 3_600_000 + 1);
          const kind = kinds[who % kinds.length]!;
          const { admitted, instants } = await ask(ledger, plans[who % kinds.length]!, cost);
          if (admitted === 0) continue;
          taken.push({ at: instants[0]!, units: cost });
          expect(kind.held(taken)).toBeLessThanOrEqual(kind.most);
        }
        await ledger.amend([{ kind: "reset", key: "k" }]);
      }),
      { numRuns: 25 },
    );
  });
});

test("a caller of other numbers does not hold the first one up for longer than it must", async () => {
  const { ledger, clock } = open();
  const [days, months] = [plan(quota(3, "day")), plan(quota(100, "month"))];
  await ask(ledger, days);
  for (let day = 0; day < 3; day++) {
    expect((await ask(ledger, months, 2)).admitted).toBe(1);
    expect((await ask(ledger, days)).admitted).toBe(day === 0 ? 0 : 1);
    expect((await ask(ledger, days)).admitted).toBe(0);
    clock.block(24 * 3_600_000);
  }
});

test("numbers that change again and again leave no more than eight states", async () => {
  const { ledger } = open("changing");
  const sizes: number[] = [];
  for (let burst = 20; burst <= 60; burst++) {
    expect((await ask(ledger, plan(paceOf(burst, HOUR, { burst })))).admitted).toBe(1);
    sizes.push(await connected.client.strlen("sluice:changing:{k}"));
  }
  expect(sizes[6]).toBeLessThan(sizes[7]!);
  expect(Math.max(...sizes)).toBeLessThan(33 + 8 * 64);
});

test("what is given back is given back to all of them", async () => {
  const { ledger } = open();
  const [days, months] = [plan(quota(2, "day")), plan(quota(3, "month"))];
  await ask(ledger, months, 1);
  const { instants, tickets } = await ask(ledger, days, 1);
  expect((await ask(ledger, days)).admitted).toBe(0);
  const back = { plan: days, ticket: tickets[0]!, at: instants[0]!, taken: [1], actual: [0] };
  await ledger.amend([{ kind: "settle", key: "k", ...back }]);
  expect((await ask(ledger, months, 2)).admitted).toBe(1);
  expect((await ask(ledger, months)).admitted).toBe(0);
});

test("costs whose names have the same hash are two", async () => {
  const names = ["a", "b"];
  for (let i = 0; names.length < 40; i++) names.push(`cost ${i}`);
  const { ledger } = open();
  for (const name of names) {
    const one = plan({ [name]: window(1, "1h") });
    expect((await ask(ledger, one)).admitted).toBe(1);
    expect((await ask(ledger, one)).admitted).toBe(0);
  }
});

test("costs whose names differ in halves of characters are two", async () => {
  const { ledger } = open();
  for (const name of ["\uD800", "\uD801", "\uFFFD", "%d800", "a=b", "a=", ""]) {
    const one = plan({ [name]: window(1, "1h") });
    expect((await ask(ledger, one)).admitted).toBe(1);
    expect((await ask(ledger, one)).admitted).toBe(0);
  }
});
