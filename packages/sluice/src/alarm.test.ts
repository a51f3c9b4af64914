import { expect, test } from "vitest";
import { Alarm } from "./alarm.ts";
import type { Clock } from "./clock.ts";

/** The waits that an alarm asks for when it rings so many times, each time too early. */
function rung(times: number, due: number, now: () => number): number[] {
  const waits: number[] = [];
  let wake = (): void => undefined;
  const setTimer: Clock["setTimer"] = (ms, next) => {
    waits.push(ms);
    wake = next;
    return () => undefined;
  };
  const alarm = new Alarm({ now, wall: now, setTimer }, now, () => alarm.set(due));
  alarm.set(due);
  for (let i = 0; i < times; i++) wake();
  return waits;
}

test("a clock that stands still in the last millisecond is given one, and is not asked for ever", () => {
  const waits = rung(1000, 300_400, () => 300_000);
  expect(waits.slice(0, 100)).toEqual(Array.from({ length: 100 }, () => 0.4));
  expect(waits.slice(300)).toEqual(Array.from({ length: 701 }, () => 1));
});

test("a clock that moves is not, however slowly", () => {
  let now = 300_000;
  const waits = rung(390, 300_400, () => now++);
  expect(waits.every((wait) => wait < 1)).toBe(true);
});

test("what is due at once is never put off", () => {
  expect(rung(1000, 0, () => 300_000)).toEqual(Array.from({ length: 1001 }, () => 0));
});
