// A ring of thousands is neither read nor written whole for a decision, and two connections that
// remember most of it see the same.
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { concurrency } from "../../src/limits/concurrency/builder.ts";
import type { LimitsInput } from "../../src/limits/plan.ts";
import { window } from "../../src/limits/window/window.ts";
import type { Answer } from "../../src/stores/store.ts";
import { manualClock } from "../../src/testing/manual-clock.ts";
import { drivers, newFile, removeFolders } from "./connections.ts";
import { Site } from "./ledger-on.ts";

afterAll(removeFolders);

const [{ open }] = drivers as [(typeof drivers)[0]];
const HOUR = 3600e6;

test("a decision writes a row, and now and then a part of a long ring; a refusal nothing", () => {
  const file = newFile();
  const site = new Site(open(file));
  const limit = window(10_000, "1h");
  for (let i = 0; i < 9_000; i += 1_000) site.ask(limit, 1_000);
  expect(site.count("chunk")).toBeGreaterThan(70);
  const changes = (): number => {
    return (site.connection.prepare("SELECT total_changes() AS n").get() as { n: number }).n;
  };
  const before = changes();
  let most = 0;
  for (let i = 1; i <= 900; i++) {
    site.clock.block(1);
    const started = changes();
    expect(site.ask(limit).admitted).toBe(1);
    most = Math.max(most, changes() - started);
  }
  // One row, and a part when it is full.
  expect(most).toBe(2);
  expect(changes() - before).toBeLessThanOrEqual(900 + Math.ceil(900 / 120));
  const after = changes();
  expect(site.ask(limit, 9_000).admitted).toBe(0);
  expect(changes()).toBe(after);
  const other = new Site(open(file), site.clock);
  for (const units of [101, 1_000, 9_000]) {
    expect(other.ask(limit, units)).toEqual(site.ask(limit, units));
  }
  other.close();
  site.close();
});

const longStates: readonly (readonly [string, LimitsInput])[] = [
  ["a ring", window(700, "3s")],
  ["a ring of one part", window(110, "1s")],
  ["a window in parts", window(700, "3s", { parts: 300 })],
  ["slots", concurrency(170, { lease: "2s", cooldown: "50ms" })],
];

test.each(longStates)("two connections with asks and refunds of %s answer like one", (_, limit) => {
  const deeds = fc.array(
    fc.record({
      who: fc.constantFrom(0, 0, 0, 1),
      units: fc.oneof(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 150 })),
      back: fc.constantFrom(0, 0, 0, 1, 2, 3),
      gap: fc.nat({ max: 120 }),
    }),
    { maxLength: 80, size: "max" },
  );
  fc.assert(
    fc.property(deeds, (done) => {
      const clock = manualClock();
      const file = newFile();
      const [a, b, alone] = [file, file, newFile()].map((each) => new Site(open(each), clock)) as [
        Site,
        Site,
        Site,
      ];
      // Refunds of earlier admissions move the later ones.
      const kept: { readonly answers: readonly Answer[]; readonly units: number }[] = [];
      for (const { who, units, back, gap } of done) {
        clock.block(gap);
        const sites = [[a, b][who]!, alone];
        const answers = sites.map((site) => site.ask(limit, units, { maxWait: HOUR }));
        const [first, second] = answers.map(({ now, admitted, instants, until, rule }) => {
          return admitted === 1 ? { now, admitted, instants } : { now, admitted, until, rule };
        });
        expect(first).toEqual(second);
        if (answers[0]!.admitted === 1) kept.push({ answers, units });
        if (back === 0 || kept.length === 0) continue;
        const given = kept.splice(-back, 1)[0] ?? kept.shift()!;
        sites.forEach((site, i) => {
          site.giveBack(limit, given.answers[i]!, given.units, Math.ceil(given.units / 2));
        });
      }
      for (const site of [a, b, alone]) site.close();
    }),
    { numRuns: 12 },
  );
});
