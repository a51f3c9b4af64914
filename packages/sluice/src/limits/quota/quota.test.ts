import { describe, expect, test } from "vitest";
import { GrowingState } from "../../../test/limits/growing-state.ts";
import { momentAt } from "../../../test/limits/history.ts";
import { idle } from "../algorithm.ts";
import { type AnyLimit, NEVER } from "../limit.ts";
import { compile } from "../plan.ts";
import { quota } from "./builder.ts";

const HOUR = 3600e6;
const START = 2 ** 50;

/** A state and a clock that began at a date. */
function at(limit: AnyLimit, date: string): { state: GrowingState; wallOffset: number } {
  return { state: new GrowingState(limit), wallOffset: Date.parse(date) * 1e3 - START };
}

test("a fixed period counts from the epoch or from its anchor", () => {
  const plain = quota(1, "1h");
  const { state, wallOffset } = at(plain, "2026-01-01T10:20:00Z");
  const moment = momentAt(START, wallOffset);
  expect(state.earliest(1, moment)).toBe(START);
  state.commit(1, START, moment);
  expect(state.earliest(1, moment)).toBe(START + (40 / 60) * HOUR);

  const anchored = quota(1, "1h", { anchor: new Date("2030-01-01T00:30:00Z") });
  const other = new GrowingState(anchored);
  other.commit(1, START, moment);
  expect(other.earliest(1, moment)).toBe(START + (10 / 60) * HOUR);
});

test("what does not fit any more waits for the border, however little is left", () => {
  const { state, wallOffset } = at(quota(10, "day"), "2026-01-01T10:00:00Z");
  const moment = momentAt(START, wallOffset);
  state.commit(7, START, moment);
  expect(state.earliest(3, moment)).toBe(START);
  expect(state.earliest(4, moment)).toBe(START + 14 * HOUR);
  expect(state.earliest(10, moment)).toBe(START + 14 * HOUR);
  expect(state.earliest(11, moment)).toBe(NEVER);
});

test("booked far ahead, period by period, and never twice the same", () => {
  const { state, wallOffset } = at(quota(2, "1s"), "2026-01-01T10:00:00.25Z");
  const moment = momentAt(START, wallOffset);
  const instants = Array.from({ length: 12 }, () => {
    const instant = state.earliest(1, moment);
    state.commit(1, instant, moment);
    return instant - START;
  });
  const borders = [1, 2, 3, 4, 5].flatMap((second) => [
    second * 1e6 - 250_000,
    second * 1e6 - 250_000,
  ]);
  expect(instants).toEqual([0, 0, ...borders]);
});

test("a booking that is cancelled gives back what the period before has left", () => {
  const { state, wallOffset } = at(quota(10, "1h"), "2026-01-01T10:00:00Z");
  const moment = momentAt(START, wallOffset);
  state.commit(7, START, moment);
  const ahead = state.earliest(5, moment);
  expect(ahead).toBe(START + HOUR);
  state.commit(5, ahead, moment);
  expect(state.earliest(1, moment)).toBe(ahead);
  state.refund(5, 5, ahead, moment);
  expect(state.earliest(3, moment)).toBe(START);
  expect(state.earliest(4, moment)).toBe(START + HOUR);
});

describe("a day across daylight saving", () => {
  test("of 23 hours in Berlin", () => {
    const limit = quota(1, "day", { timeZone: "Europe/Berlin" });
    const { state, wallOffset } = at(limit, "2026-03-28T23:00:00Z");
    const moment = momentAt(START, wallOffset);
    state.commit(1, START, moment);
    expect(state.earliest(1, moment)).toBe(START + 23 * HOUR);
  });

  test("of 25 hours", () => {
    const limit = quota(1, "day", { timeZone: "Europe/Berlin" });
    const { state, wallOffset } = at(limit, "2026-10-24T22:00:00Z");
    const moment = momentAt(START, wallOffset);
    state.commit(1, START, moment);
    expect(state.earliest(1, moment)).toBe(START + 25 * HOUR);
  });

  test("whose midnight does not exist", () => {
    const limit = quota(1, "day", { timeZone: "America/Sao_Paulo" });
    const { state, wallOffset } = at(limit, "2018-11-03T12:00:00Z");
    const moment = momentAt(START, wallOffset);
    state.commit(1, START, moment);
    const next = state.earliest(1, moment);
    expect(next).toBe(START + 15 * HOUR);
    state.commit(1, next, moment);
    expect(state.earliest(1, moment)).toBe(START + 38 * HOUR);
  });

  test("that was skipped", () => {
    const limit = quota(1, "day", { timeZone: "Pacific/Apia" });
    const { state, wallOffset } = at(limit, "2011-12-29T10:00:00Z");
    const moment = momentAt(START, wallOffset);
    const days = Array.from({ length: 3 }, () => {
      const instant = state.earliest(1, moment);
      state.commit(1, instant, moment);
      return (instant - START) / HOUR;
    });
    expect(days).toEqual([0, 24, 48]);
  });
});

test.each([
  ["day", "2010-03-04T13:00:00Z", 27],
  ["month", "2010-02-28T13:00:00Z", 747],
] as const)("idle() covers the longest %s there was", (period, date, hours) => {
  const limit = quota(1, period, { timeZone: "Antarctica/Casey" });
  const { state, wallOffset } = at(limit, date);
  const moment = momentAt(START, wallOffset);
  state.commit(1, START, moment);
  expect(state.idleFrom(moment)).toBe(START + hours * HOUR);
  expect(idle(limit)).toBeGreaterThanOrEqual(hours * HOUR);
});

test("a margin keeps clear of the border on its near side", () => {
  const { limit } = compile(quota(2, "1h"), 50_000, { now: 0, wall: 0 }).rules[0]!;
  const { state, wallOffset } = at(limit, "2026-01-01T10:59:59.94Z");
  expect(state.earliest(1, momentAt(START, wallOffset))).toBe(START);
  // Fifty milliseconds before the hour what is sent may be counted behind it.
  expect(state.earliest(1, momentAt(START + 9_999, wallOffset))).toBe(START + 9_999);
  expect(state.earliest(1, momentAt(START + 10_000, wallOffset))).toBe(START + 60_000);
  expect(state.earliest(1, momentAt(START + 60_000, wallOffset))).toBe(START + 60_000);
});
