// A process decides on rows as it left them, and notices at the write whatever others did since.
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { compile, type Plan } from "../../src/limits/plan.ts";
import { paceOf } from "../../src/limits/pace/builder.ts";
import { window } from "../../src/limits/window/window.ts";
import { manualClock } from "../../src/testing/manual-clock.ts";
import { drivers, newFile, removeFolders } from "./connections.ts";
import { Site } from "./ledger-on.ts";

afterAll(removeFolders);

const [{ open }] = drivers as [(typeof drivers)[0]];
const wide = window(50, "1s");
const plan = compile(wide, 0, { now: 0, wall: 0 });

/** Two processes on one file; the first has asked so often that it remembers the row of `k`. */
function twoSites(): { a: Site; b: Site; file: string } {
  const file = newFile();
  const clock = manualClock();
  const [a, b] = [new Site(open(file), clock), new Site(open(file), clock)];
  for (let i = 0; i < 4; i++) expect(a.ask(wide, 1, { plan }).admitted).toBe(1);
  return { a, b, file };
}

test("one statement a decision while nobody else writes", () => {
  const { a } = twoSites();
  const reads = a.connection.prepare("SELECT total_changes() AS n");
  const { n } = reads.get() as { n: number };
  a.connection.exec("ALTER TABLE sluice_budget RENAME TO away");
  for (let i = 0; i < 10; i++) expect(a.ask(wide, 1, { plan }).admitted).toBe(1);
  expect(reads.get()).toEqual({ n: n + 10 });
  a.close();
});

test.each(["k", undefined])("a pause by another process holds at once: %s", (key) => {
  const { a, b } = twoSites();
  const until = b.ledger.now() + 5e6;
  b.ledger.amend([{ kind: "gate", key, plan, until }]);
  expect(a.ask(wide, 1, { plan })).toMatchObject({ admitted: 0, until });
  b.ledger.amend([{ kind: "gate", key, plan, until: undefined }]);
  for (let i = 0; i < 4; i++) expect(a.ask(wide, 1, { plan }).admitted).toBe(1);
  b.ledger.amend([{ kind: "gate", key, plan, until }]);
  expect(a.ask(wide, 1, { plan })).toMatchObject({ admitted: 0, until });
  a.close();
  b.close();
});

test.each(["k", undefined])("a reset by another process: %s", (key) => {
  const { a, b } = twoSites();
  b.ledger.amend([{ kind: "reset", key }]);
  expect(a.ask(wide, 50, { plan }).admitted).toBe(1);
  expect(b.ask(wide, 1, { plan }).admitted).toBe(0);
  a.close();
  b.close();
});

test.each(["another key", "another limiter"])(
  "a row that others forgot and made again for %s is not written to",
  async (whose) => {
    // However often: the new row must never have the version that the old one had.
    for (let asks = 1; asks <= 10; asks++) {
      const { a, b, file } = twoSites();
      for (const until of [1, undefined]) a.ledger.amend([{ kind: "gate", key: "k", plan, until }]);
      expect(a.ask(wide, 1, { plan }).admitted).toBe(1);
      // Only b sweeps, and its clock goes back to when the old row was made.
      a.ledger.close();
      const wall = a.clock.wall();
      await a.clock.advance("5m");
      expect(b.count("state")).toBe(0);
      a.clock.setWall(wall);
      const another = whose === "another key" ? b : new Site(open(file), a.clock, { name: "new" });
      for (let i = 0; i < asks; i++) another.ask(wide, 1, { key: "new", plan });
      expect(a.ask(wide, 45, { plan }).admitted).toBe(1);
      expect(a.ask(wide, 5, { plan }).admitted).toBe(1);
      expect(another.ask(wide, 50 - asks, { key: "new", plan }).admitted).toBe(1);
      for (const site of new Set([b, another])) site.close();
      a.connection.close();
    }
  },
);

const paced = paceOf(1, 4_000, { burst: 5 });
const [short, long] = [window(6, 40), window(90, 400)];
const plans: readonly Plan[] = [
  [short, paced],
  [long, paced],
  [short, long, paced],
].map((each) => {
  return compile(each, 0, { now: 0, wall: 0 });
});

const deed = fc.record({
  who: fc.constantFrom(0, 0, 0, 1),
  key: fc.constantFrom("k", "k", "l"),
  kind: fc.constantFrom("ask", "ask", "ask", "ask", "ask", "cancel", "pause", "resume", "reset"),
  plan: fc.nat(2),
  units: fc.integer({ min: 1, max: 3 }),
  everyone: fc.boolean(),
  gap: fc.nat(12),
});

test("two processes, of which one asks most, answer like one", () => {
  fc.assert(
    fc.property(fc.array(deed, { maxLength: 120, size: "max" }), (deeds) => {
      const clock = manualClock();
      const file = newFile();
      const sites = [file, file, newFile()].map((each) => new Site(open(each), clock));
      const [a, b, alone] = sites as [Site, Site, Site];
      const done: { key: string; plan: Plan; at: number; units: number; tickets: number[] }[] = [];
      for (const { who, key, kind, plan: chosen, units, everyone, gap } of deeds) {
        clock.block(gap);
        const both = [[a, b][who]!, alone] as const;
        const by = plans[chosen]!;
        const of = everyone && kind !== "cancel" ? undefined : key;
        if (kind === "ask") {
          const answers = both.map((site) =>
            site.ask(short, [by.rules.map(() => units)], { key, plan: by }),
          );
          const [first, second] = answers.map(({ now, admitted, instants, until, rule }) => {
            return admitted === 1 ? { now, admitted, instants } : { now, admitted, until, rule };
          });
          expect(first).toEqual(second);
          if (answers[0]!.admitted === 0) continue;
          const tickets = answers.map((answer) => answer.tickets[0]!);
          done.push({ key, plan: by, at: answers[0]!.instants[0]!, units, tickets });
        } else if (kind === "cancel") {
          const last = done.pop();
          if (!last) continue;
          const taken = last.plan.rules.map(() => last.units);
          const actual = taken.map(() => 0);
          both.forEach((site, i) =>
            site.ledger.amend([{ kind, ...last, ticket: last.tickets[i]!, taken, actual }]),
          );
        } else if (kind === "reset") {
          for (const site of both) site.ledger.amend([{ kind, key: of }]);
        } else {
          const until = kind === "pause" ? alone.ledger.now() + units * 3_000 : undefined;
          for (const site of both) site.ledger.amend([{ kind: "gate", key: of, plan: by, until }]);
        }
      }
      for (const site of sites) site.close();
    }),
    { numRuns: 40 },
  );
});
