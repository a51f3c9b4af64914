import fc from "fast-check";
import { expect, test } from "vitest";
import { LIMITS } from "../../test/limits/limit-arbitraries.ts";
import { concurrency } from "./concurrency/builder.ts";
import { blocked, unlimited } from "./extremes.ts";
import type { AnyLimit } from "./limit.ts";
import { pace } from "./pace/builder.ts";
import { formatLimit, parseLimit } from "./parse.ts";
import { quota } from "./quota/builder.ts";
import { window } from "./window/window.ts";

const anchor = new Date("2026-01-02T03:04:05Z");

test.each<[text: string, limit: AnyLimit, written: string]>([
  ["100/1m", window(100, "1m"), "100/1m"],
  ["100/60s", window(100, "1m"), "100/1m"],
  ["5/s", window(5, 1_000), "5/1s"],
  ["1/.5s", window(1, 500), "1/500ms"],
  ["  7 / 2.007ms ", window(7, 2.007), "7/2.007ms"],
  ["1e3/1h", window(1_000, "1h"), "1000/1h"],
  ["1E3/36e2s", window(1_000, "1h"), "1000/1h"],
  ["1e6/m parts 6e1", window(1e6, "1m", { parts: 60 }) as AnyLimit, "1000000/1m parts 60"],
  ["1e4/day", quota(10_000, "day"), "10000/day UTC"],
  ["1e1 at once", concurrency(10), "10 at once"],
  ["10/14d", window(10, "2w"), "10/2w"],
  ["200000/1m parts 60", window(200_000, "1m", { parts: 60 }) as AnyLimit, "200000/1m parts 60"],
  ["2.5/1s parts 4", window(2.5, "1s", { parts: 4 }) as AnyLimit, "2.5/1s parts 4"],
  ["5/s burst 10", pace("5/s", { burst: 10 }), "5/1s burst 10"],
  ["10/5s even", pace("10/5s"), "10/5s even"],
  ["0.5/s even", pace("0.5/s"), "0.5/1s even"],
  ["10/s even catchUp 5", pace("10/s", { catchUp: 5 }), "10/1s even catchUp 5"],
  ["10/s burst 2 catchUp 3", pace("10/s", { burst: 2, catchUp: 3 }), "10/1s burst 2 catchUp 3"],
  ["1e1/s burst +2E0", pace("10/s", { burst: 2 }), "10/1s burst 2"],
  ["10000/day", quota(10_000, "day"), "10000/day UTC"],
  [
    "10000/day Europe/Berlin",
    quota(10_000, "day", { timeZone: "Europe/Berlin" }),
    "10000/day Europe/Berlin",
  ],
  ["3/week", quota(3, "week"), "3/week UTC"],
  ["9 / month UTC", quota(9, "month"), "9/month UTC"],
  ["100/1h fixed", quota(100, "1h"), "100/1h fixed"],
  [
    "100/1h fixed from 2026-01-02T03:04:05Z",
    quota(100, "1h", { anchor }),
    "100/1h fixed from 2026-01-02T03:04:05.000Z",
  ],
  ["4 at once", concurrency(4), "4 at once"],
  ["4 at once cooldown 1s", concurrency(4, { cooldown: "1s" }), "4 at once cooldown 1s"],
  ["4 at once lease 30s", concurrency(4, { lease: "30s" }), "4 at once lease 30s"],
  [
    "4  at  once cooldown 1s lease 2s",
    concurrency(4, { cooldown: 1_000, lease: 2_000 }),
    "4 at once cooldown 1s lease 2s",
  ],
  ["unlimited", unlimited, "unlimited"],
  ["blocked", blocked, "blocked"],
])("%j", (text, limit, written) => {
  expect(parseLimit(text)).toEqual(limit);
  expect(formatLimit(limit)).toBe(written);
  expect(parseLimit(written)).toEqual(limit);
});

const SINGLE = LIMITS.filter(([name]) => name !== "windows that share a ring");

test.each(SINGLE)("%s: what is written reads back as the same limit", (_name, limits) => {
  fc.assert(
    fc.property(limits, (limit) => {
      const text = formatLimit(limit);
      expect(parseLimit(text)).toEqual(limit);
      expect(formatLimit(parseLimit(text))).toBe(text);
    }),
    { numRuns: 400 },
  );
});

test("paces and windows in parts of any decimals", () => {
  const counts = fc.tuple(fc.integer({ min: 1, max: 9_999 }), fc.integer({ min: 0, max: 5 }));
  fc.assert(
    fc.property(counts, fc.integer({ min: 1e5, max: 1e9 }), ([digits, shift], span) => {
      const count = Number(`${digits}e-${shift}`);
      const parts = window(count, span / 1e3, { parts: 9, defaultCost: "required" });
      expect(parseLimit(formatLimit(parts))).toEqual({ ...parts, defaultCost: 1 });
      const even = pace(`${count}/${span / 1e3}ms`);
      expect(parseLimit(formatLimit(even))).toEqual(even);
    }),
    { numRuns: 400 },
  );
});

test.each([
  ["", 'got "".'],
  ["fast", 'got "fast".'],
  ["100", 'got "100".'],
  ["100 per minute", 'got "100 per minute".'],
  ["100/1m slow", 'got "100/1m slow".'],
  ["4 at a time", 'got "4 at a time".'],
  ["0/s", 'got "0/s"'],
  ["-5/s", 'got "-5/s"'],
  ["NaN/s", 'got "NaN/s"'],
  ["Infinity/1m", 'got "Infinity/1m"'],
  ["1.2.3/s", 'got "1.2.3/s"'],
  ["5/0s", 'got "0s"'],
  ["5/1x", 'got "1x"'],
  ["5/fortnight", 'got "1fortnight"'],
  ["2.5/s", "got 2.5."],
  ["5/s parts 0", "got 0."],
  ["5/s parts 1", "got 1."],
  ["5/s parts many", 'got "5/s parts many".'],
  ["5/s BURST 10", 'got "5/s BURST 10".'],
  ["10/s burst 2 catchup 3", 'got "10/s burst 2 catchup 3".'],
  ["4 AT ONCE", 'got "4 AT ONCE".'],
  ["1e/s", 'got "1e/s"'],
  ["1e1.5 at once", 'got "1e1.5 at once".'],
  ["5/s burst 0", "got 0."],
  ["5/s burst -1", "got -1."],
  ["5/s even catchUp 1.5", "got 1.5."],
  ["0/day", "got 0."],
  ["2.5/week", "got 2.5."],
  ["5/day Mars/Olympus", 'got "Mars/Olympus".'],
  ["5/1h fixed from yesterday", "yesterday"],
  ["0 at once", "got 0."],
  ["-4 at once", "got -4."],
  ["4 at once cooldown -1s", 'got "-1s".'],
  ["4 at once lease soon", 'got "soon".'],
])("%j is refused with what was received", (text, received) => {
  expect(() => parseLimit(text)).toThrow(
    expect.objectContaining({ code: "INVALID_OPTION", message: expect.stringContaining(received) }),
  );
});
