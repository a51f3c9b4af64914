// Clocks that are set back, rows that are forgotten, tickets that rise for ever.
import { afterAll, expect, test } from "vitest";
import { concurrency } from "../../src/limits/concurrency/builder.ts";
import { compile } from "../../src/limits/plan.ts";
import { window } from "../../src/limits/window/window.ts";
import { HostClock } from "../../src/stores/sqlite/host-clock.ts";
import { manualClock } from "../../src/testing/manual-clock.ts";
import { drivers, newFile, removeFolders } from "./connections.ts";
import { Site } from "./ledger-on.ts";

afterAll(removeFolders);

const [{ open }] = drivers as [(typeof drivers)[0]];

test("another process whose clock is an hour behind waits no hour", () => {
  const file = newFile();
  const ahead = new Site(open(file), manualClock({ wall: Date.UTC(2026, 0, 1, 12) }));
  const behind = new Site(open(file), manualClock({ wall: Date.UTC(2026, 0, 1, 11) }));
  const limit = window(2, "1s");
  const first = ahead.ask(limit, 2);
  const answer = behind.ask(limit);
  expect(answer.now).toBe(first.now - 3600e6);
  expect(answer.until).toBe(answer.now + 1e6);
  behind.clock.block("1s");
  expect(behind.ask(limit, 2).admitted).toBe(1);
  // For the one ahead nothing is left of that after an hour of its clock.
  expect(ahead.ask(limit, 2).admitted).toBe(1);
  ahead.close();
  behind.close();
});

test("a clock a little behind another's stands still until it has caught up", () => {
  const file = newFile();
  const [ahead, behind] = [7, 0].map((ms) => {
    return new Site(open(file), manualClock({ wall: Date.UTC(2026, 0, 1) + ms }));
  }) as [Site, Site];
  const limit = window(2, "1s");
  const first = ahead.ask(limit);
  const second = behind.ask(limit);
  expect([second.now, second.instants]).toEqual([first.now, first.instants]);
  behind.clock.block("1s");
  expect(behind.ask(limit).until).toBe(first.now + 1e6);
  behind.clock.block("7ms");
  expect(behind.ask(limit, 2).instants).toEqual([first.now + 1e6]);
  ahead.close();
  behind.close();
});

test("a pause after the clock was set back holds from there", () => {
  const clock = manualClock({ wall: Date.UTC(2026, 0, 1, 12) });
  const site = new Site(open(newFile()), clock);
  const limit = window(5, "1s");
  site.ask(limit);
  clock.setWall(Date.UTC(2026, 0, 1, 11));
  const until = site.ledger.now() + 10e6;
  const plan = compile(limit, 0, { now: 0, wall: 0 });
  site.ledger.amend([{ kind: "gate", key: "k", plan, until }]);
  expect(site.ask(limit).until).toBe(until);
  clock.block("10s");
  expect(site.ask(limit).admitted).toBe(1);
  site.close();
});

test("forgotten rows leave no trace but their tickets", async () => {
  const site = new Site(open(newFile()));
  const limit = window(5_000, "1s");
  const tickets = [...Array(600).keys()].map((i) => {
    return site.ask(limit, 300, { key: `key ${i}` }).tickets[0]!;
  });
  expect(site.count("state")).toBe(600);
  await site.clock.advance("5m");
  expect(site.count("state")).toBe(0);
  expect(site.count("chunk")).toBe(0);
  site.clock.setWall(Date.UTC(2020, 0, 1));
  expect(site.ask(limit, 1, { key: "key 7" }).tickets[0]).toBeGreaterThan(Math.max(...tickets));
  site.close();
});

test("what somebody holds is not forgotten, and a sweep by others does no harm", async () => {
  const file = newFile();
  const clock = manualClock();
  const [a, b] = [new Site(open(file), clock), new Site(open(file), clock)];
  a.ask(concurrency(1, { lease: "1h" }));
  await clock.advance("59m");
  expect(b.ask(concurrency(1)).admitted).toBe(0);
  expect(b.ledger.keys()).toEqual(["k"]);
  await clock.advance("5m");
  expect(a.count("state")).toBe(0);
  a.close();
  b.connection.close();
  await clock.advance("5m");
  b.ledger.close();
  expect(clock.timers()).toEqual({ active: 0, idle: 0 });
});

test("a wall clock of whole milliseconds is told to the microsecond, and followed when it is set", () => {
  const manual = manualClock({ now: 500, wall: 1_000_000 });
  let shift = 0;
  const host = new HostClock({
    now: () => manual.now(),
    wall: () => Math.floor(manual.wall()) + shift,
    setTimer: manual.setTimer,
  });
  const seen: number[] = [];
  for (let i = 0; i < 50; i++) {
    manual.block(0.1);
    seen.push(host.now());
  }
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  expect(new Set(seen).size).toBe(50);
  for (const [i, at] of seen.entries()) {
    const real = 1_000_000_000 + (i + 1) * 100;
    expect(Math.abs(at - real)).toBeLessThan(1_000);
  }
  shift = -3_600_000;
  expect(host.now()).toBeLessThan(1_000_000_000 - 3_590e6);
  shift = 3_600_000;
  expect(host.now()).toBeGreaterThanOrEqual(1_000_000_000 + 3_600e6);
});
