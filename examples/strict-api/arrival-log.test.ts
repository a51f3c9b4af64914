import fc from "fast-check";
import { expect, test } from "vitest";
import { ArrivalLog } from "./arrival-log.ts";

test("accepts exactly the limit in any half-open window", () => {
  const log = new ArrivalLog(2, 1000);
  const at = (now: number) => log.arrive(now);
  expect(at(0)).toEqual({ accepted: true, retryAfter: 0 });
  expect(at(400)).toEqual({ accepted: true, retryAfter: 0 });
  expect(at(999)).toEqual({ accepted: false, retryAfter: 1 });
  expect(at(1000)).toEqual({ accepted: true, retryAfter: 0 });
  expect(at(1001)).toEqual({ accepted: false, retryAfter: 399 });
  expect(log.report()).toEqual({
    limit: 2,
    windowMs: 1000,
    accepted: 3,
    refused: 2,
    worstWindow: 4,
    elapsedMs: 1001,
  });
});

test("agrees with a sweep over all arrivals", () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 200 });
  fc.assert(
    fc.property(
      gaps,
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 50 }),
      (steps, limit, windowMs) => {
        const log = new ArrivalLog(limit, windowMs);
        let now = 0;
        const arrivals = steps.map((gap) => {
          now += gap;
          return { now, ...log.arrive(now) };
        });
        const all = arrivals.map((arrival) => arrival.now);
        const accepted = arrivals
          .filter((arrival) => arrival.accepted)
          .map((arrival) => arrival.now);
        expect(worst(accepted, windowMs)).toBeLessThanOrEqual(limit);
        expect(log.report().worstWindow).toBe(worst(all, windowMs));
        for (const arrival of arrivals.filter((each) => !each.accepted)) {
          const again = arrival.now + arrival.retryAfter;
          const before = accepted.filter((instant) => instant <= arrival.now);
          expect(before.filter((instant) => again - instant < windowMs)).toHaveLength(
            limit - 1 - twins(before, again - windowMs),
          );
        }
      },
    ),
  );
});

/** The most instants in any window that starts at one of them. */
function worst(instants: number[], windowMs: number): number {
  const counts = instants.map(
    (from) => instants.filter((instant) => instant >= from && instant < from + windowMs).length,
  );
  return Math.max(0, ...counts);
}

/** How many besides the first leave the window at the same instant. */
function twins(instants: number[], leaving: number): number {
  return instants.filter((instant) => instant === leaving).length - 1;
}

test.each([
  [0, 1000],
  [1.5, 1000],
  [Number.NaN, 1000],
  [5, 0],
  [5, Number.POSITIVE_INFINITY],
])("refuses to be built for %s in %s ms", (limit, windowMs) => {
  expect(() => new ArrivalLog(limit, windowMs)).toThrow(`got ${limit} in ${windowMs} ms`);
});
