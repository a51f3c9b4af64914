// What only this store has: scripts that the server forgot, notices, failures, other people's keys.
import { Redis } from "ioredis";
import { createClient } from "redis";
import { afterAll, describe, expect, inject, test, vi } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { concurrency } from "../../src/limits/concurrency/builder.ts";
import { compile, type LimitsInput, type Plan } from "../../src/limits/plan.ts";
import { pace } from "../../src/limits/pace/builder.ts";
import { bordersAt } from "../../src/limits/quota/borders.ts";
import type { QuotaLimit } from "../../src/limits/limit.ts";
import { quota } from "../../src/limits/quota/builder.ts";
import { window } from "../../src/limits/window/window.ts";
import { redis, type RedisClient, type RedisOptions } from "../../src/stores/redis.ts";
import { askFor, type Answer, type Ask, type Ledger } from "../../src/stores/store.ts";
import { ioRedis } from "./clients.ts";
import { scopeOf } from "../scope.ts";

const { client, end } = ioRedis();
afterAll(end);

let opened = 0;

function open(
  options: RedisOptions & { client?: RedisClient; name?: string; onFreed?: () => void } = {},
): Ledger<false> {
  const { name = `own-${opened++}`, onFreed = () => undefined, ...rest } = options;
  const scope = scopeOf({ clock: systemClock, name, onFreed });
  return redis(options.client ?? client, rest).open(scope);
}

function plan(limits: LimitsInput): Plan {
  return compile(limits, 0, { now: 0, wall: 0 });
}

function ask(ledger: Ledger<false>, of: Plan, more: Partial<Ask> = {}): Promise<Answer> {
  const costs = [of.rules.map(() => 1)];
  const usual = askFor("k", of, costs);
  return ledger.reserve({ ...usual, ...more });
}

describe("scripts", () => {
  test("are sent again to a server that forgot them", async () => {
    const ledger = open();
    const limits = plan(window(3, "1h"));
    for (let i = 0; i < 3; i++) {
      expect((await ask(ledger, limits)).admitted).toBe(1);
      await client.script("FLUSH");
    }
    expect((await ask(ledger, limits)).admitted).toBe(0);
  });

  test("are one call for each decision", async () => {
    for (const limits of [plan(pace("10/s")), plan([window(9, "1h"), quota(9, "1d")])]) {
      const ledger = open();
      // The first reads the gate, too; then each script is sent once.
      for (const key of ["a", "b", "c"]) await ask(ledger, limits, { key });
      const calls = vi.spyOn(client, "evalsha");
      const others = vi.spyOn(client, "eval");
      for (let i = 0; i < 20; i++) await ask(ledger, limits, { key: `k${i}` });
      expect([calls.mock.calls.length, others.mock.calls.length]).toEqual([20, 0]);
      vi.restoreAllMocks();
    }
  });

  test("of one pace or one window leave few bytes, and one call for each of them", async () => {
    const sizes: [LimitsInput, bytes: number][] = [
      [pace("7/s", { burst: 5 }), 40],
      [pace("2/s", { burst: 5 }), 28],
      [pace("2/1d", { burst: 5 }), 28],
      [{ tokens: pace("2/s", { burst: 5 }) }, 34],
      [window(9, "1h"), 26 + 5 * 8],
      [{ tokens: window(9, "1h") }, 32 + 5 * 8],
    ];
    for (const [i, [limits, bytes]] of sizes.entries()) {
      const ledger = open({ prefix: "bytes:", name: `p${i}` });
      const of = plan(limits);
      await ask(ledger, of);
      if (bytes === 28) expect(await client.strlen(`bytes:p${i}:{k}`)).toBe(12);
      const calls = vi.spyOn(client, "evalsha");
      for (let n = 0; n < 4; n++) expect((await ask(ledger, of)).admitted).toBe(1);
      expect(calls.mock.calls.length).toBe(4);
      vi.restoreAllMocks();
      expect(await client.strlen(`bytes:p${i}:{k}`)).toBe(bytes);
      expect(await client.pttl(`bytes:p${i}:{k}`)).toBeGreaterThan(0);
    }
  });
});

describe("calendar quotas", () => {
  const limit = quota(2, "day", { timeZone: "Europe/Berlin" }) as QuotaLimit;

  test("end at the borders that time zones have", async () => {
    const ledger = open();
    const limits = plan(limit);
    const answers = [await ask(ledger, limits), await ask(ledger, limits)];
    expect(answers.map(({ admitted }) => admitted)).toEqual([1, 1]);
    const refused = await ask(ledger, limits);
    expect(refused.until).toBe(bordersAt(limit, refused.now).end);
  });

  test("are booked into the days that come, however far", async () => {
    const ledger = open();
    const costs = Array.from({ length: 20 }, () => [1]);
    const { now, instants } = await ask(ledger, plan(limit), { costs, maxWait: 30 * 86_400e6 });
    const days = [bordersAt(limit, now)];
    while (days.length < 10) days.push(bordersAt(limit, days.at(-1)!.end));
    expect(instants).toEqual(days.flatMap(({ start }) => Array(2).fill(Math.max(start, now))));
  });

  test("ask again when the server is in another year than the client", async () => {
    const ahead = { ...systemClock, now: () => systemClock.now() + 400 * 86_400e6 };
    const scope = scopeOf({ name: `far-${Math.random()}`, clock: ahead });
    const ledger = redis(client).open(scope);
    const answer = await ask(ledger, plan(limit), { key: "k" });
    expect(answer.admitted).toBe(1);
  });
});

describe("a subscriber", () => {
  const connect: [string, () => Promise<{ subscriber: object; leave: () => Promise<unknown> }>][] =
    [
      [
        "ioredis",
        async () => {
          const subscriber = new Redis(inject("redisUrl"));
          return { subscriber, leave: async () => subscriber.disconnect() };
        },
      ],
      [
        "node-redis",
        async () => {
          const subscriber = await createClient({ url: inject("redisUrl") }).connect();
          return { subscriber, leave: async () => subscriber.destroy() };
        },
      ],
    ];

  test.each(connect)("of %s hears what others free, and a gate at once", async (name, joined) => {
    const { subscriber, leave } = await joined();
    const freed = vi.fn();
    const here = open({ name: `heard-${name}`, subscriber, onFreed: freed });
    const there = open({ name: `heard-${name}` });
    const limits = plan(concurrency(1));
    const { tickets } = await ask(there, limits);
    expect((await ask(here, limits)).until).toBeLessThan(0);
    await vi.waitFor(async () => {
      await there.amend([{ kind: "gate", key: undefined, plan: limits, until: undefined }]);
      expect(freed).toHaveBeenCalled();
    });
    freed.mockClear();
    await there.amend([{ kind: "release", key: "k", plan: limits, ticket: tickets[0]! }]);
    await vi.waitFor(() => expect(freed).toHaveBeenCalled());
    expect((await ask(here, limits)).admitted).toBe(1);
    const until = (await here.now()) + 3600e6;
    freed.mockClear();
    await there.amend([{ kind: "gate", key: undefined, plan: limits, until }]);
    await vi.waitFor(() => expect(freed).toHaveBeenCalled());
    expect((await ask(here, limits, { key: "z" })).until).toBe(until);
    await here.close();
    await leave();
  });
});
