// A ring of thousands is neither read nor written whole for a decision, and two connections that
// remember most of it see the same.
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { window } from "../../src/limits/window/window.ts";
import type { Answer } from "../../src/stores/store.ts";
import { manualClock } from "../../src/testing/manual-clock.ts";
import { drivers, newFile, removeFolders } from "./connections.ts";
import { Site } from "./ledger-on.ts";

afterAll(removeFolders);

const [{ open }] = drivers as [(typeof drivers)[0]];
const HOUR = 3600e6;

test("a decision writes a row, and now and then a part of a long ring; a refusal nothing", () => {
  const site = new Site(open(newFile()));
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
  // One row, and at most the two parts that PATCH numbers in turn lie in.
  expect(most).toBe(3);
  expect(changes() - before).toBeLessThan(900 + 2 * Math.ceil(900 / 33));
  const after = changes();
  expect(site.ask(limit, 9_000).admitted).toBe(0);
  expect(changes()).toBe(after);
  site.close();
});

test("two connections with asks and refunds in turn answer like one", () => {
  const deeds = fc.array(
    fc.record({
      who: fc.nat({ max: 1 }),
      units: fc.integer({ min: 1, max: 150 }),
      back: fc.nat({ max: 3 }),
      gap: fc.nat({ max: 120 }),
    }),
    { maxLength: 40, size: "max" },
  );
  const limit = window(700, "3s");
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
        const [first, second] = answers.map((answer) => ({ ...answer, tickets: [] }));
        expect(first).toEqual(second);
        kept.push({ answers, units });
        if (back === 0) continue;
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
