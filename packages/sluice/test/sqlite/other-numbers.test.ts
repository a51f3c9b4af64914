// Limiters with other numbers on one name: each keeps its own promise on what all of them did.
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { concurrency } from "../../src/limits/concurrency/builder.ts";
import type { AnyLimit } from "../../src/limits/limit.ts";
import { paceOf } from "../../src/limits/pace/builder.ts";
import { quota } from "../../src/limits/quota/builder.ts";
import { window } from "../../src/limits/window/window.ts";
import { manualClock } from "../../src/testing/manual-clock.ts";
import { breach } from "../limits/promise.ts";
import { drivers, newFile, removeFolders } from "./connections.ts";
import { Site } from "./ledger-on.ts";

afterAll(removeFolders);

const [{ open }] = drivers as [(typeof drivers)[0]];

const families: readonly (readonly AnyLimit[])[] = [
  [window(3, 10), window(9, 100), window(20, "1s")],
  [window(3, 10, { parts: 3 }), window(9, 100, { parts: 4 }), window(9, 100)],
  [
    paceOf(1, 10_000, { burst: 2 }),
    paceOf(1, 3_000, { burst: 5 }),
    paceOf(2, 10_000, { burst: 3 }),
  ],
  [quota(4, 50), quota(9, 50), quota(9, 130)],
  [quota(4, 50), quota(9, 70, { anchor: new Date(20) }), quota(12, "day")],
  [window(6, 40, { parts: 2 }), window(12, 150, { parts: 7 }), window(3, 10, { parts: 3 })],
  [window(5, 30), window(12, 150, { parts: 2 }), window(200, "1s", { parts: 90 })],
];

test.each(families.map((family, i) => ({ family, i, kind: family[0]!.kind })))(
  "$kind $i: the strictest holds for whoever asks by it",
  ({ family }) => {
    const deeds = fc.array(
      fc.record({ who: fc.nat({ max: 2 }), cost: fc.integer({ min: 1, max: 2 }), gap: fc.nat(9) }),
      { maxLength: 40, size: "max" },
    );
    fc.assert(
      fc.property(deeds, (done) => {
        const clock = manualClock();
        const site = new Site(open(":memory:"), clock);
        // Nobody keeps what a limit needs that was never seen.
        for (const limit of family) site.ask(limit, 0);
        const all: { at: number; units: number }[] = [];
        for (const { who, cost, gap } of done) {
          clock.block(gap);
          const { admitted, instants } = site.ask(family[who]!, cost);
          if (admitted === 0) continue;
          all.push({ at: instants[0]!, units: cost });
          // What was admitted by the others up to now counts, as if it had been asked for by this.
          expect(overAtLast(family[who]!, all)).toBeUndefined();
        }
        site.close();
      }),
      { numRuns: 60 },
    );
  },
);

/** How the newest admission breaks the promise; what others did before may have broken it already. */
function overAtLast(limit: AnyLimit, all: readonly { at: number; units: number }[]) {
  const before = breach(limit, all.slice(0, -1), 0, false);
  return before === undefined ? breach(limit, all, 0, false) : undefined;
}

test("what is given back or charged counts by all numbers", () => {
  const site = new Site(open(newFile()));
  const [slow, fast] = [paceOf(1, 9e6, { burst: 4 }), paceOf(1, 2e6, { burst: 4 })];
  site.ask(fast, 0);
  const admitted = site.ask(slow, 4);
  expect(site.ask(fast).until).toBe(admitted.now + 2e6);
  site.giveBack(slow, admitted, 4, 3);
  expect(site.ask(fast, 3).admitted).toBe(1);
  expect(site.ask(slow).until).toBe(admitted.now + 9e6);
  site.close();
});

test("nine paces with other intervals on one key are a conflict, unless some are idle", () => {
  const site = new Site(open(newFile()));
  const pace = (i: number): AnyLimit => paceOf(1, 1e6 + i, { burst: 100 });
  for (let i = 0; i < 8; i++) expect(site.ask(pace(i)).admitted).toBe(1);
  expect(() => site.ask(pace(8))).toThrow(/8 limiters with different numbers/);
  expect(site.ask(pace(3)).admitted).toBe(1);
  site.clock.block("1h");
  expect(site.ask(pace(8)).admitted).toBe(1);
  site.close();
});

test("another kind is a conflict only while the old one counts", () => {
  const site = new Site(open(newFile()));
  site.ask(window(1, "1s"));
  expect(() => site.ask(paceOf(1, 1e6, {}))).toThrow(/counts its cost by window.* by pace/);
  expect(() => site.ask([window(1, "1s"), concurrency(1)])).toThrow(/LIMITS_CONFLICT|by window/);
  site.clock.block("1s");
  expect(site.ask(paceOf(1, 1e6, {})).admitted).toBe(1);
  expect(() => site.ask(window(1, "1s"))).toThrow(/by pace.* by window/);
  site.close();
});
