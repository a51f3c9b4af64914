// Limiters with other numbers on one name: each keeps its own promise on what all of them did.
import fc from "fast-check";
import { expect, test } from "vitest";
import type { AnyLimit } from "../../src/limits/limit.ts";
import { paceOf } from "../../src/limits/pace/builder.ts";
import { compile } from "../../src/limits/plan.ts";
import { quota } from "../../src/limits/quota/builder.ts";
import { window } from "../../src/limits/window/window.ts";
import { askFor, type Change, type Ledger } from "../../src/stores/store.ts";
import { type ManualClock, manualClock } from "../../src/testing/manual-clock.ts";
import { type Admitted, breach } from "../limits/promise.ts";
import { TimedClient } from "./clients.ts";
import { freshSchema } from "./fresh-schema.ts";
import { ledgerOn } from "./ledger-on.ts";

const schema = "other_numbers_test";
const HOUR = 3_600_000;
const connection = freshSchema(schema);

interface Family {
  readonly name: string;
  /** The longest time between two asks of a trace, in milliseconds. */
  readonly gap: number;
  readonly limits: readonly AnyLimit[];
}

const families: readonly Family[] = [
  { name: "windows", gap: 4, limits: [window(3, 10), window(9, 100), window(20, "1s")] },
  {
    name: "windows in parts",
    gap: 4,
    limits: [
      window(3, 10, { parts: 3 }),
      window(9, 100, { parts: 4 }),
      window(9, 100, { parts: 50 }),
    ],
  },
  {
    name: "paces",
    gap: 4,
    limits: [
      paceOf(1, 10_000, { burst: 2 }),
      paceOf(1, 3_000, { burst: 5 }),
      paceOf(2, 10_001, { burst: 3, catchUp: 1 }),
    ],
  },
  {
    name: "fixed quotas",
    gap: 20,
    limits: [quota(4, 50), quota(9, 130), quota(9, 130, { anchor: 7 })],
  },
  {
    name: "quotas of calendars",
    gap: 3 * HOUR,
    limits: [
      quota(4, "day"),
      quota(4, "day", { timeZone: "Asia/Kolkata" }),
      quota(9, "week"),
      quota(5, HOUR),
    ],
  },
];

const deed = fc.record({
  who: fc.nat({ max: 3 }),
  cost: fc.integer({ min: 1, max: 2 }),
  gap: fc.double({ min: 0, max: 1, noNaN: true }),
  isBooked: fc.boolean(),
  givesBack: fc.option(fc.nat({ max: 9 }), { freq: 4 }),
});
const deeds = fc.array(deed, { maxLength: 30, size: "max" });

let opened = 0;

class Trace {
  readonly clock: ManualClock = manualClock({ now: 0, wall: Date.UTC(2026, 0, 1) });
  readonly ledger: Ledger<false>;
  readonly all: (Admitted & { readonly change: Change & { readonly kind: "settle" } })[] = [];

  constructor() {
    const client = new TimedClient(connection());
    client.clock = this.clock;
    this.ledger = ledgerOn(client, { schema }, `trace ${opened++}`, this.clock);
  }

  async ask(limit: AnyLimit, cost: number, maxWait = 0): Promise<boolean> {
    const plan = compile(limit, 0, { now: 0, wall: 0 });
    const answer = await this.ledger.reserve(askFor("k", plan, [[cost]], maxWait));
    if (answer.admitted === 0 || cost === 0) return false;
    const [at, ticket] = [answer.instants[0]!, answer.tickets[0]!];
    const given = { taken: [cost], actual: [0] };
    const change = { kind: "settle" as const, key: "k", plan, ticket, at, ...given };
    this.all.push({ at, units: cost, change });
    return true;
  }

  async giveBack(index: number): Promise<void> {
    const admitted = this.all.at(-1 - index);
    if (!admitted) return;
    this.all.splice(this.all.indexOf(admitted), 1);
    await this.ledger.amend([admitted.change]);
  }
}

test.each(families)(
  "$name: the strictest holds for whoever asks by it",
  async ({ gap, limits }) => {
    await fc.assert(
      fc.asyncProperty(deeds, async (done) => {
        const trace = new Trace();
        // Nobody keeps what a limit needs that was never seen.
        for (const limit of limits) await trace.ask(limit, 0);
        for (const each of done) {
          trace.clock.block(Math.floor(each.gap * gap * 1e3) / 1e3);
          const limit = limits[each.who % limits.length]!;
          const before = breach(limit, trace.all, 0, false);
          const passed = await trace.ask(limit, each.cost, each.isBooked ? gap * 4e3 : 0);
          // What the others did before may have broken it already.
          if (passed && before === undefined) {
            expect(breach(limit, trace.all, 0, false)).toBeUndefined();
          }
          if (each.givesBack !== null) await trace.giveBack(each.givesBack);
        }
      }),
      { numRuns: 40, interruptAfterTimeLimit: 50_000, markInterruptAsFailure: true },
    );
  },
);

test("numbers that nobody asks by any more are forgotten", async () => {
  const trace = new Trace();
  const stale = Array.from({ length: 20 }, (_, i) => paceOf(1, 1e9 + i, { burst: 100 }));
  for (const limit of stale) await trace.ask(limit, 1);
  const others = async (): Promise<number> => {
    const text = `SELECT cardinality(others) AS n FROM ${schema}.budgets WHERE limiter = $1`;
    const { rows } = await connection().query(text, [`trace ${opened - 1}`]);
    return (rows as { n: number }[])[0]!.n;
  };
  expect(await others()).toBe(8);
  trace.clock.block(HOUR);
  await trace.ask(stale[0]!, 1);
  expect(await others()).toBe(0);
});
