// Long timers of the system's clock, on a host whose timers are moved by hand.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { systemClock } from "./clock.ts";

const DAY = 86_400e3;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});

afterEach(() => {
  vi.useRealTimers();
});

test.each([1, 24, 25, 50, 365])("a timer of %d days fires then, and once", (days) => {
  const wake = vi.fn();
  systemClock.setTimer(days * DAY, wake);
  vi.advanceTimersByTime(days * DAY - 1);
  expect(wake).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(wake).toHaveBeenCalledTimes(1);
  expect(vi.getTimerCount()).toBe(0);
});

test.each([0, 30])("it can be cancelled after %d days", (days) => {
  const wake = vi.fn();
  const cancel = systemClock.setTimer(60 * DAY, wake, true);
  vi.advanceTimersByTime(days * DAY);
  cancel();
  expect(vi.getTimerCount()).toBe(0);
  vi.advanceTimersByTime(100 * DAY);
  expect(wake).not.toHaveBeenCalled();
});
