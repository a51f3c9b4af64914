// The judge of the chaos rounds finds what it is there for, and allows what the page allows.
import { expect, test } from "vitest";
import type { Entry } from "./diary.ts";
import type { Evidence, Life, PlaceFault, Span } from "./evidence.ts";
import { judge } from "./judge.ts";

const MS = 1_000;

interface Grant {
  readonly at: number;
  readonly ran?: number;
  readonly ticket: number;
  readonly done?: number;
  readonly aborted?: boolean;
}

/** A process that was granted this, by milliseconds; the store's clock is that of the host. */
function life(id: number, mix: string, grants: readonly Grant[], more: Partial<Life> = {}): Life {
  const entries = grants.flatMap(
    ({ at, ran = at, ticket, done, aborted = false }, call): Entry[] => {
      const [handed, units] = [at * MS, 1];
      const took = { what: "granted", call, mix, key: "a", units, ticket } as const;
      const granted: Entry = { ...took, instant: at, handed, ran: ran * MS };
      return done === undefined
        ? [granted]
        : [granted, { what: "done", call, at: done * MS, aborted }];
    },
  );
  return { id, entries, killedAt: Number.POSITIVE_INFINITY, stops: [], ...more };
}

const evidence = (mix: string, lives: Life[], more: Partial<Evidence> = {}): Evidence => ({
  store: "redis",
  onFailure: "none",
  processes: 2,
  mixes: [mix],
  graceMs: 20,
  ahead: 0,
  lives,
  faults: [],
  ...more,
});

const span = (from: number, to: number): Span => ({ from: from * MS, to: to * MS });
const forgot = (at: number): PlaceFault => ({ ...span(at, at), name: "flush", forgets: 1 });
const many = (count: number, at: number, ticket: number): Grant[] =>
  Array.from({ length: count }, (_, i) => ({ at, ticket: ticket + i }));
const found = (given: Evidence): number => judge(given).breaches.length;

test("one more than the limit in a window, by instants or by when callers ran", () => {
  const limit = many(12, 0, 1);
  expect(found(evidence("window", [life(0, "window", [...limit, { at: 150, ticket: 13 }])]))).toBe(
    0,
  );
  expect(found(evidence("window", [life(0, "window", [...limit, { at: 149, ticket: 13 }])]))).toBe(
    1,
  );
  const ran = limit.map((each) => ({ ...each, ran: 10 }));
  const near = { at: 150, ran: 155, ticket: 13 };
  expect(found(evidence("window", [life(0, "window", [...ran, near])]))).toBe(1);
});

test("who ran later than the grace counts beside the others", () => {
  const [late, ...limit] = many(12, 0, 1).map((each) => ({ ...each, ran: 15 }));
  const next = many(12, 170, 13);
  const grants = [{ ...late!, ran: 170 }, ...limit, ...next];
  expect(found(evidence("window", [life(0, "window", grants)]))).toBe(0);
});

test("a store that forgot gives its limits once more, and not twice", () => {
  const twice = [...many(12, 0, 1), ...many(12, 50, 100)];
  const given = (grants: Grant[]): Evidence =>
    evidence("window", [life(0, "window", grants)], { faults: [forgot(40)] });
  expect(found(given(twice))).toBe(0);
  expect(found(given([...twice, { at: 60, ticket: 200 }]))).toBe(1);
  expect(found({ ...given(twice), faults: [] })).toBe(1);
});

test("a store that forgot gives a quota once more, also when it takes back what it never gave", () => {
  const before = many(12, 10, 1);
  const after = many(18, 30, 100);
  const given = (grants: Grant[]): Evidence =>
    evidence("quota", [life(0, "quota", grants)], { faults: [forgot(20)] });
  expect(found(given([...before, ...after]))).toBe(0);
  expect(found(given([...before, ...after, { at: 40, ticket: 200 }]))).toBe(1);
});

test("a share of each process, and only where that was chosen", () => {
  const grants = [...many(12, 0, 1), ...many(6, 10, -100)];
  const shared = evidence("window", [life(0, "window", grants)], { onFailure: "share" });
  expect(found(shared)).toBe(0);
  expect(found({ ...shared, onFailure: "refuse" })).toBe(1);
  const more = [...grants, { at: 20, ticket: -50 }];
  expect(found({ ...shared, lives: [life(0, "window", more)] })).toBe(1);
});

test("quotas by their periods, paces by windows of every length", () => {
  const over = [...many(15, 10, 1), { at: 249, ticket: 16 }];
  expect(found(evidence("quota", [life(0, "quota", over)]))).toBe(1);
  const next = [...many(15, 10, 1), { at: 250, ticket: 16 }];
  expect(found(evidence("quota", [life(0, "quota", next)]))).toBe(0);
  expect(found(evidence("pace", [life(0, "pace", many(5, 0, 1))]))).toBe(0);
  expect(found(evidence("pace", [life(0, "pace", many(6, 0, 1))]))).toBe(1);
});

test("more holders than slots, unless one was cut off for its lease", () => {
  const held = [1, 2, 3].map((ticket) => ({ at: 0, ticket, done: 1_500 }));
  const other = life(1, "slots", [{ at: 900, ticket: 4, done: 1_000 }]);
  expect(found(evidence("slots", [life(0, "slots", held), other]))).toBe(1);
  const stopped = life(0, "slots", held, { stops: [span(10, 1_400)] });
  expect(found(evidence("slots", [stopped, other]))).toBe(0);
  const briefly = life(0, "slots", held, { stops: [span(10, 300)] });
  expect(found(evidence("slots", [briefly, other]))).toBe(1);
  const killed = life(
    0,
    "slots",
    [1, 2, 3].map((ticket) => ({ at: 0, ticket })),
    { killedAt: 800 * MS },
  );
  expect(found(evidence("slots", [killed, other]))).toBe(0);
});

test("who lost a lease has the lower ticket, and hears of it", () => {
  const held = [1, 2, 9].map((ticket) => ({ at: 0, ticket, done: 5_000 }));
  const stops = [span(10, 1_400)];
  const taken = [10, 11, 12].map((ticket) => ({ at: 900, ticket, done: 4_900 }));
  const lives = (first: Grant[], second: Grant[]): Life[] => [
    life(0, "slots", first, { stops }),
    life(1, "slots", second),
  ];
  expect(judge(evidence("slots", lives(held, taken))).breaches[0]).toContain("never heard");
  const heard = held.map((each) => ({ ...each, aborted: true }));
  expect(found(evidence("slots", lives(heard, taken)))).toBe(0);
  const lower = taken.map((each) => ({ ...each, ticket: each.ticket - 7 }));
  expect(judge(evidence("slots", lives(heard, lower))).breaches[0]).toContain("came after");
});

test("a ticket given twice, an error without a code, a failure that nobody caused", () => {
  const twice = [
    { at: 0, ticket: 1 },
    { at: 1, ticket: 1 },
  ];
  expect(found(evidence("window", [life(0, "window", twice)]))).toBe(1);
  const ended = (outcome: string, overrun = 0): Evidence => {
    const entry: Entry = { what: "ended", verb: "acquire", outcome, at: 0, overrun };
    return evidence("window", [{ ...life(0, "window", []), entries: [entry] }]);
  };
  expect(found(ended("LIMIT_EXCEEDED"))).toBe(0);
  expect(found(ended("no code: TypeError"))).toBe(1);
  expect(found(ended("STORE_UNAVAILABLE"))).toBe(1);
  expect(found({ ...ended("STORE_UNAVAILABLE"), faults: [forgot(0)] })).toBe(0);
  expect(found(ended("aborted", 6_000_000))).toBe(1);
});
