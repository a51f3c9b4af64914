// Calendar periods in real time zones: days of 23, 24, 25 and 27 hours, midnights that do not exist or
// come twice, a day that was skipped, weeks from Monday, months and leap years. All instants are given.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ZONES } from "../../../test/limits/limit-arbitraries.ts";
import { periodName } from "../../../test/limits/period-name.ts";
import type { CalendarPeriod } from "../limit.ts";
import { periodAt } from "./calendar.ts";
import { quota } from "./builder.ts";

const HOUR = 3600e3;

type Row = [at: string, start: string, end: string];

function check(period: CalendarPeriod, zone: string, [at, start, end]: Row): void {
  const { start: from, end: to } = periodAt(period, zone, Date.parse(at));
  expect([new Date(from).toISOString(), new Date(to).toISOString()]).toEqual([
    new Date(start).toISOString(),
    new Date(end).toISOString(),
  ]);
}

describe("days", () => {
  test.each<[zone: string, ...Row]>([
    ["UTC", "2026-02-28T23:59:59.999Z", "2026-02-28T00:00Z", "2026-03-01T00:00Z"],
    ["UTC", "2026-03-01T00:00:00.000Z", "2026-03-01T00:00Z", "2026-03-02T00:00Z"],
    ["UTC", "1969-12-31T12:00Z", "1969-12-31T00:00Z", "1970-01-01T00:00Z"],
    // Berlin, spring: 23 hours; and autumn: 25.
    ["Europe/Berlin", "2026-03-28T22:59:59.999Z", "2026-03-27T23:00Z", "2026-03-28T23:00Z"],
    ["Europe/Berlin", "2026-03-28T23:00Z", "2026-03-28T23:00Z", "2026-03-29T22:00Z"],
    ["Europe/Berlin", "2026-03-29T21:59:59.999Z", "2026-03-28T23:00Z", "2026-03-29T22:00Z"],
    ["Europe/Berlin", "2026-03-29T22:00Z", "2026-03-29T22:00Z", "2026-03-30T22:00Z"],
    ["Europe/Berlin", "2026-10-24T22:00Z", "2026-10-24T22:00Z", "2026-10-25T23:00Z"],
    ["Europe/Berlin", "2026-10-25T22:59:59.999Z", "2026-10-24T22:00Z", "2026-10-25T23:00Z"],
    // São Paulo: on 2018-11-04 there was no midnight, the day began at one o'clock.
    ["America/Sao_Paulo", "2018-11-04T02:59:59.999Z", "2018-11-03T03:00Z", "2018-11-04T03:00Z"],
    ["America/Sao_Paulo", "2018-11-04T03:00Z", "2018-11-04T03:00Z", "2018-11-05T02:00Z"],
    // 2018-02-17 ended an hour late: 24:00 became 23:00.
    ["America/Sao_Paulo", "2018-02-18T01:30Z", "2018-02-17T02:00Z", "2018-02-18T03:00Z"],
    ["America/Sao_Paulo", "2018-02-18T02:30Z", "2018-02-17T02:00Z", "2018-02-18T03:00Z"],
    ["America/Sao_Paulo", "2018-02-18T03:00Z", "2018-02-18T03:00Z", "2018-02-19T03:00Z"],
    // Kathmandu is 5:45 ahead.
    ["Asia/Kathmandu", "2026-06-01T18:14:59.999Z", "2026-05-31T18:15Z", "2026-06-01T18:15Z"],
    ["Asia/Kathmandu", "2026-06-01T18:15Z", "2026-06-01T18:15Z", "2026-06-02T18:15Z"],
    // Lord Howe moves its clocks by half an hour.
    ["Australia/Lord_Howe", "2026-04-04T20:00Z", "2026-04-04T13:00Z", "2026-04-05T13:30Z"],
    // Apia went over the date line: after 29 December 2011 came the 31st.
    ["Pacific/Apia", "2011-12-29T12:00Z", "2011-12-29T10:00Z", "2011-12-30T10:00Z"],
    ["Pacific/Apia", "2011-12-30T09:59:59.999Z", "2011-12-29T10:00Z", "2011-12-30T10:00Z"],
    ["Pacific/Apia", "2011-12-30T10:00Z", "2011-12-30T10:00Z", "2011-12-31T10:00Z"],
    // Casey went back three hours on 5 March 2010.
    ["Antarctica/Casey", "2010-03-04T18:00Z", "2010-03-04T13:00Z", "2010-03-05T16:00Z"],
    // St. John's: a minute after midnight it was 23:01 again. The first midnight counts.
    ["America/St_Johns", "2010-11-07T02:29:59.999Z", "2010-11-06T02:30Z", "2010-11-07T02:30Z"],
    ["America/St_Johns", "2010-11-07T02:30:30Z", "2010-11-07T02:30Z", "2010-11-08T03:30Z"],
    ["America/St_Johns", "2010-11-07T02:45Z", "2010-11-07T02:30Z", "2010-11-08T03:30Z"],
    ["America/St_Johns", "2010-11-07T03:30Z", "2010-11-07T02:30Z", "2010-11-08T03:30Z"],
  ])("%s at %s", (zone, ...row) => {
    check("day", zone, row);
  });
});

describe("weeks begin on Monday", () => {
  test.each<[zone: string, ...Row]>([
    ["UTC", "1970-01-01T00:00Z", "1969-12-29T00:00Z", "1970-01-05T00:00Z"],
    ["UTC", "2026-01-01T12:00Z", "2025-12-29T00:00Z", "2026-01-05T00:00Z"],
    ["UTC", "2026-01-04T23:59:59.999Z", "2025-12-29T00:00Z", "2026-01-05T00:00Z"],
    ["UTC", "2026-01-05T00:00Z", "2026-01-05T00:00Z", "2026-01-12T00:00Z"],
    ["Europe/Berlin", "2026-03-29T12:00Z", "2026-03-22T23:00Z", "2026-03-29T22:00Z"],
    ["Europe/Berlin", "2026-10-25T12:00Z", "2026-10-18T22:00Z", "2026-10-25T23:00Z"],
    ["Pacific/Apia", "2011-12-31T00:00Z", "2011-12-26T10:00Z", "2012-01-01T10:00Z"],
    ["America/Sao_Paulo", "2018-11-04T12:00Z", "2018-10-29T03:00Z", "2018-11-05T02:00Z"],
  ])("%s at %s", (zone, ...row) => {
    check("week", zone, row);
  });
});

describe("months", () => {
  test.each<[zone: string, ...Row]>([
    ["UTC", "2026-02-28T23:59:59.999Z", "2026-02-01T00:00Z", "2026-03-01T00:00Z"],
    ["UTC", "2024-02-29T12:00Z", "2024-02-01T00:00Z", "2024-03-01T00:00Z"],
    ["UTC", "2026-12-31T12:00Z", "2026-12-01T00:00Z", "2027-01-01T00:00Z"],
    ["Europe/Berlin", "2026-03-15T12:00Z", "2026-02-28T23:00Z", "2026-03-31T22:00Z"],
    ["Europe/Berlin", "2026-10-15T12:00Z", "2026-09-30T22:00Z", "2026-10-31T23:00Z"],
    ["Asia/Kathmandu", "2026-01-31T18:15Z", "2026-01-31T18:15Z", "2026-02-28T18:15Z"],
    ["Pacific/Apia", "2011-12-31T00:00Z", "2011-12-01T10:00Z", "2011-12-31T10:00Z"],
    ["America/Sao_Paulo", "2018-11-30T12:00Z", "2018-11-01T03:00Z", "2018-12-01T02:00Z"],
  ])("%s at %s", (zone, ...row) => {
    check("month", zone, row);
  });
});

const periods = fc.constantFrom<CalendarPeriod>("day", "week", "month");
const zones = fc.constantFrom(...ZONES, "Antarctica/Casey", "Africa/Cairo", "America/Nuuk");
const dates = fc.integer({ min: Date.UTC(2005, 0, 1), max: Date.UTC(2027, 0, 1) });

test("a period holds its instants, and the next one begins where it ends", () => {
  fc.assert(
    fc.property(periods, zones, dates, (period, zone, at) => {
      const { start, end } = periodAt(period, zone, at);
      expect(start).toBeLessThanOrEqual(at);
      expect(end).toBeGreaterThan(at);
      for (const inside of [start, end - 1]) {
        expect(periodAt(period, zone, inside)).toEqual({ start, end });
      }
      expect(periodAt(period, zone, end).start).toBe(end);
    }),
    { numRuns: 150 },
  );
});

test("borders are where the local date changes", () => {
  // Where a date comes twice it does not change once: St. John's has its own rows above.
  const once = zones.filter((zone) => zone !== "America/St_Johns");
  fc.assert(
    fc.property(periods, once, dates, (period, timeZone, at) => {
      const { start, end } = periodAt(period, timeZone, at);
      const name = (ms: number): string => periodName(quota(1, period, { timeZone }), ms * 1e3);
      expect(name(start)).toBe(name(at));
      expect(name(end - 1)).toBe(name(at));
      expect(name(start - 1)).not.toBe(name(at));
      expect(name(end)).not.toBe(name(at));
    }),
    { numRuns: 150 },
  );
});

test("every zone there is has sound days, where most clocks change", () => {
  const wrong = Intl.supportedValuesOf("timeZone").filter((zone) => {
    let at = Date.UTC(2025, 2, 29);
    const until = Date.UTC(2025, 3, 1);
    while (at < until) {
      const { start, end } = periodAt("day", zone, at);
      if (start > at || end <= at || end - start < 22 * HOUR || end - start > 27 * HOUR)
        return true;
      at = end;
    }
    return false;
  });
  expect(wrong).toEqual([]);
});
